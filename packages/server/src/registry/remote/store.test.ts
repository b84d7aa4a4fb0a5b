import { databases } from '../sqlite/database.suite.ts'
import { describeStore } from '../store.suite.ts'
import { remoteRig } from './remote.suite.ts'

const { file, open } = databases()

describeStore('SQLite in another process', async settings => {
  const rig = await remoteRig(await open(file(), settings))
  return { ...rig.remote.store, close: () => rig.close() }
})
