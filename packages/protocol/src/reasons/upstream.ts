import { type Reason, UNAVAILABLE, VERSION_REFUSED } from './reason.ts'

/** What can go wrong between this gateway and the MQTT cluster that it relays to. */
export const UPSTREAM_REASONS = {
  'upstream-unavailable': {
    ...UNAVAILABLE,
    en: 'The MQTT cluster behind this gateway could not be reached, or took no connection in time.',
    zh: '无法连接网关后面的 MQTT 集群，或其未在时限内接受连接。',
    fixEn: 'Check the upstream URL and the state of the cluster; the client tries again.',
    fixZh: '请检查上游地址以及集群状态；客户端会重试。',
  },
  'upstream-refused': {
    ...UNAVAILABLE,
    en: 'The MQTT cluster answered and refused the connection, which is not the client’s fault.',
    zh: 'MQTT 集群作出应答但拒绝了连接；这不是客户端的错误。',
    fixEn: 'Check the user name, password and rights in the upstream URL, and the log of the cluster.',
    fixZh: '请检查上游地址中的用户名、密码及其权限，并查看集群日志。',
  },
  'upstream-version-unsupported': {
    ...VERSION_REFUSED,
    en: 'The client speaks MQTT 5.0 and the MQTT cluster behind this gateway does not.',
    zh: '客户端使用 MQTT 5.0，而网关后面的 MQTT 集群不支持。',
    fixEn: 'Let the client connect with MQTT 3.1.1, or take a cluster that serves 5.0.',
    fixZh: '请让客户端使用 MQTT 3.1.1，或换用支持 5.0 的集群。',
  },
  'upstream-lost': {
    connack: null,
    http: 503,
    retryable: true,
    mqtt5: 0x8b,
    en: 'The MQTT cluster ended the client’s connection, or the connection to it broke.',
    zh: 'MQTT 集群结束了该客户端的连接，或与集群的连接中断。',
    fixEn:
      'Look at the problem in the entry and at the log of the cluster: a node that stopped, a newer connection at another gateway, or a packet that it does not take.',
    fixZh: '请查看条目中的问题说明和集群日志：节点停止、客户端在其他网关建立了新连接，或集群不接受某个报文。',
  },
  'upstream-topic-refused': {
    connack: null,
    http: 403,
    retryable: false,
    mqtt5: 0x87,
    en: 'The MQTT cluster refused a topic or filter that the client may use here; the connection stays.',
    zh: 'MQTT 集群拒绝了该客户端在此有权使用的主题或过滤器；连接保留。',
    fixEn: 'Give the upstream user rights on all topics; some clusters take no dots, spaces or shared subscriptions.',
    fixZh: '请授予上游用户所有主题的权限；部分集群不支持点号、空格或共享订阅。',
  },
} as const satisfies Record<string, Reason>
