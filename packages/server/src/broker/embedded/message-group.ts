import type { Publication } from './publication.ts'

/** A shared group as its members' sessions know it. */
export interface MessageGroup {
  /** Gives a message that a former member leaves undone to another one; false if nobody took it. */
  passOn(publication: Publication): boolean
}
