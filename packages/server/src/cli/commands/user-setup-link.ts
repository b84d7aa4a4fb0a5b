import type { Command } from 'commander'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { localTime } from '../times.ts'

export function addUserSetupLink(group: Command, io: Io): void {
  addApiCommand(group, 'setup-link', {
    description: 'print a link that sets the first password, as long as no user has one',
    examples: ['hatchway user setup-link'],
  }).action(async (options: ApiOptions) => {
    const link = await openApi(options, io).request<{ url: string; expiresAt: string }>(
      'POST',
      '/api/v1/users/setup-link',
    )
    if (options.json) printJson(io, link)
    else io.stdout(`${link.url}\n\nOpen it in a browser before ${localTime(link.expiresAt)}.\n`)
  })
}
