import type { Command } from 'commander'
import { addGroup } from '../command.ts'
import type { Io } from '../io.ts'
import { addProductCreate } from './product-create.ts'
import { addProductDelete } from './product-delete.ts'
import { addProductList } from './product-list.ts'
import { addProductSecret } from './product-secret.ts'
import { addProductSet } from './product-set.ts'
import { addProductShow } from './product-show.ts'

export function addProduct(program: Command, io: Io): void {
  const group = addGroup(program, 'product', {
    description: 'products: all units of one carry the same ProductSecret',
    examples: ['hatchway product create "Soil sensor" --dynamic-registration', 'hatchway product list'],
  })
  for (const add of [
    ...[addProductCreate, addProductList, addProductShow],
    ...[addProductSet, addProductDelete, addProductSecret],
  ]) {
    add(group, io)
  }
}
