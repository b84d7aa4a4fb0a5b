/** How the processes of one server talk to each other: frames over a local socket that only they can open. */
export { type Door, type DoorKind, type DoorPlace, openDoor, removeFolder } from './door.ts'
export { enter } from './enter.ts'
export { MessageLine } from './message-line.ts'
