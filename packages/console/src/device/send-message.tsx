import { useMutation } from '@tanstack/react-query'
import { Button, Form, Input, Segmented } from 'antd'
import { api, resultOf } from '../api/client.ts'
import type { Device } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { useNotices } from '../parts/notices.ts'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { deviceText } from './text.ts'

interface Message {
  topic: string
  payload: string
  qos: number
}

export function SendMessage({ device: { productKey, deviceName } }: { device: Device }) {
  const t = useText(deviceText)
  const notices = useNotices()
  const { mutate, isPending, error } = useMutation({
    mutationFn: (body: Message) =>
      resultOf(
        api.POST('/api/v1/products/{pk}/devices/{dn}/messages', {
          params: { path: { pk: productKey, dn: deviceName } },
          body,
        }),
      ),
    onSuccess: ({ subscribers }) => notices.done(t.sent(subscribers !== 0)),
  })
  const start: Message = { topic: `/${productKey}/${deviceName}/user/get`, payload: '{"led":1}', qos: 1 }
  return (
    <Section title={t.send}>
      <Form<Message> layout="vertical" requiredMark={false} initialValues={start} onFinish={values => mutate(values)}>
        <Form.Item name="topic" label={t.topic} rules={[{ required: true, message: t.topicMissing }]}>
          <Input spellCheck={false} />
        </Form.Item>
        <Form.Item name="payload" label={t.payload}>
          <Input.TextArea rows={3} spellCheck={false} />
        </Form.Item>
        <Form.Item name="qos" label={t.qos}>
          <Segmented options={[0, 1, 2]} />
        </Form.Item>
        <div className="stack">
          <div>
            <Button type="primary" htmlType="submit" loading={isPending}>
              {t.sendDo}
            </Button>
          </div>
          <ProblemAlert error={error} />
        </div>
      </Form>
    </Section>
  )
}
