import { OVER_LIMIT, OVER_RATE, type Reason, UNAVAILABLE } from './reason.ts'

/** The device did nothing wrong, or only came too early: CONNACK 3, it may try again. */
export const UNAVAILABLE_REASONS = {
  'store-unavailable': {
    ...UNAVAILABLE,
    en: 'The registry’s store could not be reached or could not write.',
    zh: '无法访问注册信息存储，或无法写入。',
    fixEn: 'Check the database, its disk space and the server’s log.',
    fixZh: '请检查数据库、磁盘空间和服务器日志。',
  },
  'store-slow': {
    ...UNAVAILABLE,
    en: 'The registry’s store did not answer in time.',
    zh: '注册信息存储未在时限内响应。',
    fixEn: 'Check the load and the disk latency of the database.',
    fixZh: '请检查数据库的负载和磁盘延迟。',
  },
  'hook-unavailable': {
    ...UNAVAILABLE,
    en: 'The registration hook failed or did not answer in time, so nothing was granted.',
    zh: '注册钩子失败或未在时限内响应，因此未予放行。',
    fixEn: 'Check the hook’s address and its log.',
    fixZh: '请检查钩子的地址及其日志。',
  },
  draining: {
    ...UNAVAILABLE,
    en: 'The server is about to stop and takes no new connections.',
    zh: '服务器即将停止，不再接受新连接。',
    fixEn: 'Nothing to do: the device tries again and meets another or the restarted server.',
    fixZh: '无需处理：设备重试时会连到其他或重启后的服务器。',
  },
  overloaded: {
    ...UNAVAILABLE,
    en: 'The server was overloaded and turned the connection away to protect the connected devices.',
    zh: '服务器过载，为保护已连接的设备而拒绝了此连接。',
    fixEn: 'Let devices retry with a growing, random delay; add workers or gateways if this lasts.',
    fixZh: '请让设备以递增的随机间隔重试；若持续出现，请增加工作进程或网关。',
  },
  'rate-limited': {
    ...OVER_RATE,
    en: 'The device or its address sent more CONNECTs than the rate limit allows.',
    zh: '设备或其地址的 CONNECT 次数超过速率限制。',
    fixEn: 'Find out why the device reconnects so often, two units with one name for example, or raise the limit.',
    fixZh: '请查明设备频繁重连的原因（例如两台设备同名），或调大限制。',
  },
  'quota-exceeded': {
    ...OVER_LIMIT,
    en: 'The registration quota of the product or of the instance is used up.',
    zh: '产品或实例的注册配额已用完。',
    fixEn: 'Raise the quota, or delete devices that are no longer needed.',
    fixZh: '请调大配额，或删除不再需要的设备。',
  },
  'awaiting-approval': {
    ...UNAVAILABLE,
    en: 'The registration waits for an operator’s approval.',
    zh: '注册正在等待管理员批准。',
    fixEn: 'Approve or reject the device; it tries again by itself.',
    fixZh: '请批准或拒绝该设备；设备会自行重试。',
  },
  'internal-error': {
    ...UNAVAILABLE,
    http: 500,
    en: 'The server failed on this request.',
    zh: '服务器处理此请求时出错。',
    fixEn: 'Look for the error in the server’s log at this time and report it.',
    fixZh: '请在服务器日志中查找该时刻的错误并上报。',
  },
} as const satisfies Record<string, Reason>
