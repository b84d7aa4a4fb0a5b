import type { Claim } from '@hatchway/protocol'
import { applicationLogin } from './application-login.ts'
import type { Attempt, Desk, Verdict } from './attempt.ts'
import { register } from './register.ts'
import { regnwl } from './regnwl.ts'
import { secretLogin } from './secret-login.ts'
import { tokenLogin } from './token-login.ts'

/** Takes a claim through the steps of its mode. `admit` and `explain` both come by here, each with its own desk. */
export const judge = (claim: Claim, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  switch (claim.mode) {
    case 'register':
      return register(claim, attempt, desk)
    case 'regnwl':
      return regnwl(claim, attempt, desk)
    case 'secret':
      return secretLogin(claim, attempt, desk)
    case 'token':
      return tokenLogin(claim, attempt, desk)
    case 'application':
      return applicationLogin(claim, attempt, desk)
    default:
      return claim satisfies never
  }
}
