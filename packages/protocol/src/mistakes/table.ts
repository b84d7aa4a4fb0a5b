/** A known mistake in signing: what the device did, and what to change in the firmware. */
export interface MistakeText {
  en: string
  zh: string
  fixEn: string
  fixZh: string
}

export const MISTAKES = {
  'order-wrong': {
    en: 'The pairs were signed in another order.',
    zh: '参与签名的键值对顺序不对。',
    fixEn: 'Sign the pairs sorted by key: clientId (login only), deviceName, productKey, then random or timestamp.',
    fixZh: '请按键名排序签名：clientId（仅登录）、deviceName、productKey，最后是 random 或 timestamp。',
  },
  'keys-left-out': {
    en: 'Only the values were signed, without their keys.',
    zh: '只签了值，没有带键名。',
    fixEn: 'Put each key before its value: deviceName<value>productKey<value>….',
    fixZh: '请在每个值前加上键名：deviceName<值>productKey<值>…。',
  },
  'separators-added': {
    en: 'Separators (= & , or a line break) were signed between keys and values.',
    zh: '键值之间带了分隔符（=、&、, 或换行）一起签名。',
    fixEn: 'Join keys and values with nothing in between.',
    fixZh: '键与值之间、各对之间都不要加任何字符。',
  },
  'keys-spelled-otherwise': {
    en: 'The keys in the signed text are spelled otherwise.',
    zh: '签名原文中的键名拼写不对。',
    fixEn: 'Spell the keys clientId, deviceName, productKey, random and timestamp, upper and lower case as here.',
    fixZh: '键名须为 clientId、deviceName、productKey、random、timestamp，大小写一致。',
  },
  'names-swapped-in-user-name': {
    en: 'The ProductKey and the DeviceName are swapped in the userName.',
    zh: 'userName 中 ProductKey 与 DeviceName 的位置颠倒。',
    fixEn: 'Set userName to <deviceName>&<productKey>, the DeviceName first.',
    fixZh: '请将 userName 设为 <deviceName>&<productKey>，DeviceName 在前。',
  },
  'names-swapped-in-text': {
    en: 'The ProductKey and the DeviceName are swapped in the signed text.',
    zh: '签名原文中 ProductKey 与 DeviceName 的值颠倒。',
    fixEn: 'Put the DeviceName after the key deviceName, and the ProductKey after productKey.',
    fixZh: '请在 deviceName 后放 DeviceName，在 productKey 后放 ProductKey。',
  },
  'name-case-changed': {
    en: 'A name was signed in other upper and lower case than it was sent.',
    zh: '签名时名称的大小写与发送的不一致。',
    fixEn: 'Sign the names exactly as they stand in the userName.',
    fixZh: '请按 userName 中的原样签名。',
  },
  'random-left-out': {
    en: 'The random was not signed, or its value was empty when it was.',
    zh: '签名中没有 random，或签名时其值为空。',
    fixEn: 'Make the random first, then sign it and send the same value.',
    fixZh: '请先生成 random，再签名，并发送同一个值。',
  },
  'random-other': {
    en: 'Another random was signed than the one in the clientId.',
    zh: '签名用的 random 与 clientId 中的不同。',
    fixEn: 'Sign the very text that stands after random= in the clientId.',
    fixZh: '请对 clientId 中 random= 之后的同一文本签名。',
  },
  'timestamp-left-out': {
    en: 'The clientId sends a timestamp that was not signed.',
    zh: 'clientId 带有 timestamp，但没有参与签名。',
    fixEn: 'Append timestamp<value> to the signed text, or leave the timestamp out of the clientId.',
    fixZh: '请在签名原文末尾加上 timestamp<值>，或在 clientId 中去掉 timestamp。',
  },
  'timestamp-other': {
    en: 'A timestamp was signed that the clientId does not send, or another one than it sends.',
    zh: '签名用的 timestamp 没有在 clientId 中发送，或与发送的不同。',
    fixEn: 'Send the same timestamp that is signed.',
    fixZh: '请发送与签名相同的 timestamp。',
  },
  'client-id-other': {
    en: 'The signed clientId is not the part before the first |.',
    zh: '签名用的 clientId 不是第一个 | 之前的部分。',
    fixEn: 'Sign only what stands before the first | of the clientId.',
    fixZh: '只对 clientId 中第一个 | 之前的部分签名。',
  },
  'login-text-signed': {
    en: 'A registration was signed with the text of a login, with a clientId in it.',
    zh: '注册时使用了登录的签名原文（含 clientId）。',
    fixEn: 'For a registration sign deviceName, productKey and random only.',
    fixZh: '注册时只对 deviceName、productKey、random 签名。',
  },
  'registration-text-signed': {
    en: 'A login was signed with the text of a registration, without the clientId.',
    zh: '登录时使用了注册的签名原文（缺少 clientId）。',
    fixEn: 'For a login sign clientId, deviceName, productKey, and the timestamp if it is sent.',
    fixZh: '登录时对 clientId、deviceName、productKey 以及发送的 timestamp 签名。',
  },
  'extra-parameter-signed': {
    en: 'A parameter was signed that does not belong to the signed text.',
    zh: '签名中包含了不应参与签名的参数。',
    fixEn: 'Leave authType, securemode, signmethod and instanceId out of the signed text.',
    fixZh: '签名原文不要包含 authType、securemode、signmethod 和 instanceId。',
  },
  'text-padded': {
    en: 'The signed text had a line break, a space or a zero byte at its end.',
    zh: '签名原文末尾多了换行、空格或零字节。',
    fixEn: 'Sign the bytes of the text alone; its length is without the terminating zero.',
    fixZh: '只对文本本身签名，长度不含结尾的零字节。',
  },
  'device-secret-used': {
    en: 'The DeviceSecret was used in place of the ProductSecret.',
    zh: '用了 DeviceSecret 而不是 ProductSecret 签名。',
    fixEn: 'Sign a registration with the ProductSecret.',
    fixZh: '注册请用 ProductSecret 签名。',
  },
  'product-secret-used': {
    en: 'The ProductSecret was used in place of the DeviceSecret.',
    zh: '用了 ProductSecret 而不是 DeviceSecret 签名。',
    fixEn: 'Sign a login with the DeviceSecret that the registration returned.',
    fixZh: '登录请用注册得到的 DeviceSecret 签名。',
  },
  'other-product-secret-used': {
    en: 'The secret of another product was used.',
    zh: '用了其他产品的密钥签名。',
    fixEn: 'Check which product’s ProductSecret is in this firmware.',
    fixZh: '请检查固件中写入的是哪个产品的 ProductSecret。',
  },
  'secret-padded': {
    en: 'The secret was used with a space, a line break, a zero byte or quotes around it.',
    zh: '密钥首尾带了空格、换行、零字节或引号。',
    fixEn: 'Trim the secret when it is read from a file or from the command line.',
    fixZh: '从文件或命令行读取密钥后请去掉首尾多余字符。',
  },
  'secret-case-changed': {
    en: 'The secret was used in other upper and lower case.',
    zh: '密钥的大小写被改动。',
    fixEn: 'Use the secret exactly as it was given out.',
    fixZh: '请原样使用密钥。',
  },
  'secret-decoded': {
    en: 'The secret was decoded from hex or base64, or encoded, before it was used as the key.',
    zh: '密钥在使用前被做了十六进制或 base64 编解码。',
    fixEn: 'Use the characters of the secret themselves as the key’s bytes.',
    fixZh: '请直接用密钥的字符作为密钥字节。',
  },
  'name-used-as-secret': {
    en: 'The ProductKey or the DeviceName, or nothing, was used as the secret.',
    zh: '把 ProductKey、DeviceName 或空值当作密钥。',
    fixEn: 'Use the ProductSecret to register and the DeviceSecret to log in.',
    fixZh: '注册用 ProductSecret，登录用 DeviceSecret。',
  },
  'key-and-text-swapped': {
    en: 'The text was used as the HMAC’s key and the secret as its text.',
    zh: 'HMAC 的密钥与原文颠倒。',
    fixEn: 'Pass the secret as the key and the text as the message; check the order of the function’s arguments.',
    fixZh: '密钥作 key，原文作 message；请检查函数的参数顺序。',
  },
  'hash-without-hmac': {
    en: 'A plain hash of text and secret was sent instead of an HMAC.',
    zh: '发送的是普通哈希而不是 HMAC。',
    fixEn: 'Use HMAC with the secret as its key.',
    fixZh: '请使用以密钥为 key 的 HMAC。',
  },
  'hash-other': {
    en: 'Another hash was used than signmethod announces.',
    zh: '实际使用的哈希算法与 signmethod 声明的不同。',
    fixEn: 'Let signmethod name the hash that the firmware really uses.',
    fixZh: '请让 signmethod 与固件实际使用的算法一致。',
  },
  'base64-not-hex': {
    en: 'The signature was sent in base64.',
    zh: '签名以 base64 发送。',
    fixEn: 'Send the signature in hex.',
    fixZh: '请以十六进制发送签名。',
  },
  'hex-of-hex': {
    en: 'The signature was turned into hex twice.',
    zh: '签名被做了两次十六进制编码。',
    fixEn: 'Turn the bytes of the HMAC into hex once.',
    fixZh: '只对 HMAC 的字节做一次十六进制编码。',
  },
  'signature-cut': {
    en: 'Only the first part of the signature was sent.',
    zh: '只发送了签名的前一部分。',
    fixEn: 'Send all of it: 32 hex digits for hmacmd5, 40 for hmacsha1, 64 for hmacsha256; check the buffer’s size.',
    fixZh: '请完整发送：hmacmd5 为 32 位、hmacsha1 为 40 位、hmacsha256 为 64 位；请检查缓冲区大小。',
  },
  'signature-decorated': {
    en: 'The signature is right but for other characters in it: spaces, colons, line breaks or 0x.',
    zh: '签名正确，但夹带了空格、冒号、换行或 0x 等字符。',
    fixEn: 'Send the hex digits alone.',
    fixZh: '请只发送十六进制数字。',
  },
  'secret-sent': {
    en: 'The secret itself was sent as the password.',
    zh: '直接把密钥作为 password 发送。',
    fixEn: 'Send the signature, and give out a new secret: this one has left the device.',
    fixZh: '请发送签名，并更换密钥：该密钥已经外泄。',
  },
} as const satisfies Record<string, MistakeText>

export type MistakeCode = keyof typeof MISTAKES
