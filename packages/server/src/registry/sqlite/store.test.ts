import { describeStore } from '../store.suite.ts'
import { databases } from './database.suite.ts'

const { file, open } = databases()

describeStore('SQLite', settings => open(file(), settings))
