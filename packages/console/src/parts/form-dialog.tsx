import { Form, Modal } from 'antd'
import type { ReactNode } from 'react'
import { useText } from '../i18n/preferences.ts'
import { ProblemAlert } from './problem-alert.tsx'
import { partsText } from './text.ts'

interface FormDialogProps<Values> {
  isOpen: boolean
  title: string
  /** What the button says. */
  verb: string
  initialValues: Partial<Values>
  /** The field that has the caret when it opens. */
  first: keyof Values & string
  /** What is done with the values: a mutation, which closes the dialog when it succeeds. */
  work: { mutate: (values: Values) => void; isPending: boolean; error: unknown; reset: () => void }
  onClose: () => void
  /** The form's items. */
  children: ReactNode
}

/** A form in a dialog: begins empty each time, Enter sends it, and what fails is told above the fields. */
export function FormDialog<Values extends object>(props: FormDialogProps<Values>) {
  const { isOpen, title, verb, initialValues, first, work, onClose, children } = props
  const t = useText(partsText)
  const [form] = Form.useForm<Values>()
  return (
    <Modal
      open={isOpen}
      title={title}
      okText={verb}
      cancelText={t.cancel}
      confirmLoading={work.isPending}
      destroyOnHidden
      onOk={form.submit}
      onCancel={onClose}
      afterClose={work.reset}
      afterOpenChange={open => open && form.getFieldInstance(first)?.focus?.()}
    >
      <div className="stack">
        <ProblemAlert error={work.error} />
        <Form<Values>
          form={form}
          layout="vertical"
          requiredMark={false}
          preserve={false}
          initialValues={initialValues}
          onFinish={work.mutate}
        >
          {children}
          {/* So that Enter sends it. */}
          <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
        </Form>
      </div>
    </Modal>
  )
}
