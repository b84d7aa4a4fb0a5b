/** The JSON object that a payload holds, or undefined for anything else. Never throws. The caller bounds the size. */
export const parseJsonObject = (payload: Uint8Array | string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(typeof payload === 'string' ? payload : new TextDecoder().decode(payload))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
