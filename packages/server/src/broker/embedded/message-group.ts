import type { Publication } from './publication.ts'

/** A shared group as its members' sessions know it. */
export interface MessageGroup {
  /** `$share/{group}/{filter}`, by which it is known again after a restart. */
  readonly filter: string
  /** Gives a message that a former member leaves undone to another one; false if nobody took it. */
  passOn(publication: Publication): boolean
}

export interface MessageGroups {
  /** The group that has the filter when a message is passed on, whoever made it; there may be none by then. */
  named(filter: string): MessageGroup
}
