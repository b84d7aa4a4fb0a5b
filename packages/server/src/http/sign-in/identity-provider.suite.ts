import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

export const CLIENT_ID = 'hatchway'
export const CLIENT_SECRET = 'the-secret-of-the-client'

/** A provider of single sign-on for tests: the account is the name that is typed, with any password. */
export class IdentityProvider {
  readonly issuer: string
  readonly #server: Server
  /** Whether it is gone when the server asks for what the browser's code stands for. */
  isLost = false

  private constructor(server: Server, issuer: string) {
    this.#server = server
    this.issuer = issuer
  }

  /** Takes a free port, so that its address is known to the one who must be told of it first. */
  static async listen(hostName = '127.0.0.1'): Promise<IdentityProvider> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new IdentityProvider(server, `http://${hostName}:${(server.address() as AddressInfo).port}`)
  }

  /** @param groups what it tells of each who signs in there */
  serve(callback: string, groups: Readonly<Record<string, readonly string[]>>): void {
    const provider = new Provider(this.issuer, {
      clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [callback] }],
      claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
      findAccount: (_context, id) => ({
        accountId: id,
        claims: async () => ({ sub: id, preferred_username: id, groups: [...(groups[id] ?? [])] }),
      }),
      cookies: { keys: ['a key for the tests'] },
      pkce: { required: () => true },
    })
    const answer = provider.callback()
    this.#server.on('request', (request, response) => {
      if (this.isLost && request.url === '/token') request.socket.destroy()
      else void answer(request, response)
    })
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.closeAllConnections()
      this.#server.close(() => resolve())
    })
  }
}
