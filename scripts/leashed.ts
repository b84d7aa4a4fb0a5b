/** What spawn and spawnSync take. */
export type Command = readonly [program: string, args: readonly string[]]

/**
 * A command whose process the system ends as soon as the one that has started it is gone, whatever way that went: a test that
 * throws before it can stop its servers, or a runner that is killed, leaves none behind. Elsewhere than on Linux it is the command
 * itself. What a shell starts is not held by the shell's leash.
 */
export function leashed(
  program: string,
  args: readonly string[] = [],
  signal: 'KILL' | 'QUIT' | 'TERM' = 'KILL',
): Command {
  return process.platform === 'linux' ? ['setpriv', ['--pdeathsig', signal, program, ...args]] : [program, args]
}
