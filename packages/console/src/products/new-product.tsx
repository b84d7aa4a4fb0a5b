import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Modal, Radio, Steps, Switch } from 'antd'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, resultOf } from '../api/client.ts'
import { productPath } from '../frame/pages.ts'
import { useText } from '../i18n/preferences.ts'
import { useNotices } from '../parts/notices.ts'
import { PasswordInput } from '../parts/password-input.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { productsText } from './text.ts'

interface Wizard {
  name: string
  preregistrationFree: boolean
  dynamicRegistration: boolean
  productKey?: string
  productSecret?: string
}

const START = { preregistrationFree: false, dynamicRegistration: true }

/** Two steps, and then the page that connects a device. */
export function NewProduct({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const t = useText(productsText)
  const [step, setStep] = useState(0)
  const [form] = Form.useForm<Wizard>()
  const [, go] = useLocation()
  const client = useQueryClient()
  const notices = useNotices()
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: ({ productKey, productSecret, ...rest }: Wizard) =>
      resultOf(
        api.POST('/api/v1/products', {
          body: { ...rest, ...(productKey ? { productKey } : {}), ...(productSecret ? { productSecret } : {}) },
        }),
      ),
    onSuccess: product => {
      void client.invalidateQueries()
      notices.done(t.created(product.name))
      go(productPath(product.productKey, 'connect'))
    },
  })
  const goOn = async (): Promise<void> => {
    await form.validateFields(['name'])
    setStep(1)
  }
  const startAgain = (): void => {
    setStep(0)
    form.resetFields()
    reset()
  }
  const buttons =
    step === 0
      ? [
          <Button key="next" type="primary" onClick={() => void goOn().catch(() => undefined)}>
            {t.next}
          </Button>,
        ]
      : [
          <Button key="back" onClick={() => setStep(0)}>
            {t.back}
          </Button>,
          <Button key="finish" type="primary" loading={isPending} onClick={form.submit}>
            {t.finish}
          </Button>,
        ]
  return (
    <Modal
      open={isOpen}
      title={t.create}
      footer={buttons}
      onCancel={onClose}
      afterClose={startAgain}
      afterOpenChange={open => open && form.getFieldInstance('name')?.focus()}
      width={600}
    >
      <div className="stack">
        <Steps size="small" current={step} items={[{ title: t.stepName }, { title: t.stepSwitch }]} />
        <ProblemAlert error={error} />
        <Form
          form={form}
          layout="vertical"
          requiredMark={false}
          initialValues={START}
          onFinish={values => (step === 0 ? void goOn().catch(() => undefined) : mutate({ ...START, ...values }))}
        >
          <div hidden={step !== 0}>
            <NameAndMode />
          </div>
          <div hidden={step !== 1}>
            <SwitchAndKeys />
          </div>
          {/* So that Enter goes on. */}
          <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
        </Form>
      </div>
    </Modal>
  )
}

function NameAndMode() {
  const t = useText(productsText)
  return (
    <>
      <Form.Item name="name" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameMissing }]}>
        <Input maxLength={64} autoComplete="off" placeholder={t.nameExample} />
      </Form.Item>
      <Form.Item name="preregistrationFree" label={t.mode}>
        <Radio.Group className="stack choices">
          <Radio value={false}>
            <strong>{t.modeRegister}</strong>
            <p className="quiet">{t.modeRegisterHelp}</p>
          </Radio>
          <Radio value={true}>
            <strong>{t.modeFree}</strong>
            <p className="quiet">{t.modeFreeHelp}</p>
          </Radio>
        </Radio.Group>
      </Form.Item>
    </>
  )
}

function SwitchAndKeys() {
  const t = useText(productsText)
  const [isTakeOver, setTakeOver] = useState(false)
  return (
    <>
      <Form.Item name="dynamicRegistration" label={t.switch} valuePropName="checked" extra={t.switchHelp}>
        <Switch />
      </Form.Item>
      <Form.Item label={t.takeOver} extra={t.takeOverHelp} htmlFor="take-over">
        <Switch id="take-over" checked={isTakeOver} onChange={setTakeOver} />
      </Form.Item>
      {isTakeOver ? (
        <>
          <Form.Item name="productKey" label={t.productKey}>
            <Input maxLength={64} spellCheck={false} autoComplete="off" placeholder={t.leaveOut} />
          </Form.Item>
          <Form.Item name="productSecret" label={t.productSecret}>
            <PasswordInput maxLength={128} autoComplete="off" placeholder={t.leaveOut} />
          </Form.Item>
        </>
      ) : null}
    </>
  )
}
