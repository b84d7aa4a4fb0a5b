import { describeStore } from '../store.suite.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()

describeStore('PostgreSQL', async settings => open(await server().database(), settings))
