import type { components, paths } from './schema.ts'

export type Schemas = components['schemas']
export type Product = Schemas['Product']
export type Device = Schemas['Device']
export type JournalEntry = Schemas['JournalEntry']
export type Explanation = Schemas['Explanation']
export type Mistake = Schemas['Mistake']
export type ApiKey = Schemas['ApiKey']
export type Stats = Schemas['Stats']
export type User = Schemas['User']
export type Role = User['role']
export type AuditEntry = Schemas['AuditEntry']
export type Session = Schemas['Session']
export type SignIn = Session['signIn']

/** What an operation answers when all is well. */
type Answer<Operation> = Operation extends { responses: { 200: { content: { 'application/json': infer Body } } } }
  ? Body
  : never

export type DeviceConnection = Answer<paths['/api/v1/products/{pk}/devices/{dn}/connections']['get']>['items'][number]
export type System = Answer<paths['/api/v1/system']['get']>
export type UserSession = Answer<paths['/api/v1/sessions']['get']>['items'][number]
export type ImportRow = Extract<
  Answer<paths['/api/v1/products/{pk}/imports']['post']>,
  { rows: unknown }
>['rows'][number]
export type BulkAction =
  paths['/api/v1/products/{pk}/devices/actions']['post']['requestBody']['content']['application/json']['action']
