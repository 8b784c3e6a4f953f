// What docs/reference/ is made of: one row a generated file. Not for: how a page looks, which render/ says.
import { renderAsyncApi } from './render/asyncapi.ts'
import { renderErrors } from './render/errors.ts'
import { jsonSchema, publicShapes } from './render/json-schemas.ts'

/** One generated file: its path below docs/reference/ and its whole text, the same for the same code. */
export interface Page {
  file: string
  render: () => string
}

export const pages: readonly Page[] = [
  { file: 'errors.md', render: renderErrors },
  { file: 'asyncapi.yaml', render: renderAsyncApi },
  ...Object.entries(publicShapes).map(([name, shape]) => ({
    file: `schemas/${name}.json`,
    render: () => `${JSON.stringify(jsonSchema(shape), null, 2)}\n`,
  })),
]
