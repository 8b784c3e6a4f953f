// The description of the API agrees with the operations.
import { describe, expect, test } from 'vitest'
import { errors } from '../schemas/errors.ts'
import { openApi } from './openapi.ts'
import { operations } from './operations/registry.ts'
import { plainPaths } from './plain-paths.ts'

interface Described {
  operationId: string
  summary: string
  parameters?: { name: string; in: string; required: boolean }[]
  requestBody?: object
  responses: Record<string, object>
}
type Document = { paths: Record<string, Record<string, Described>>; components: { schemas: Record<string, object> } }

const document = openApi(operations, '1.2.3') as unknown as Document

describe('the OpenAPI document', () => {
  test.each(operations.map((operation) => [operation.name, operation] as const))('describes %s', (_, operation) => {
    const described = document.paths[operation.path]?.[operation.method.toLowerCase()]
    expect(described?.operationId).toBe(operation.name)
    expect(described?.summary).toBe(operation.summary)
    const named = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const inPath = described?.parameters?.filter((parameter) => parameter.in === 'path') ?? []
    expect(inPath.map(({ name, required }) => [name, required])).toEqual(named.map((name) => [name, true]))
    for (const code of operation.errors ?? []) {
      expect(JSON.stringify(described?.responses[errors[code].status])).toContain(code)
    }
    expect(described?.requestBody !== undefined).toBe(operation.method === 'POST')
  })

  test.each(plainPaths.map((plain) => [`${plain.method} ${plain.path}`, plain] as const))(
    'describes %s',
    (_, plain) => {
      const described = document.paths[plain.path]?.[plain.method]
      expect(described).toMatchObject({ operationId: plain.operationId, summary: plain.summary })
      expect(Object.keys(described?.responses ?? {})).toEqual(
        expect.arrayContaining(plain.answers.map(({ status }) => String(status))),
      )
      for (const code of plain.errors ?? []) {
        expect(JSON.stringify(described?.responses[errors[code].status])).toContain(code)
      }
    },
  )

  test('has every schema that it refers to', () => {
    const refs = JSON.stringify(document).match(/#\/[^"]+/g) ?? []
    expect(refs).toContain('#/components/schemas/ActivityNotification')
    for (const ref of new Set(refs)) {
      expect(Object.keys(document.components.schemas)).toContain(ref.replace('#/components/schemas/', ''))
    }
  })

  test('is the same whenever it is made', () => {
    expect(JSON.stringify(openApi(operations, '1.2.3'))).toBe(JSON.stringify(document))
  })

  test('no two operations share a name or a route', () => {
    const names = [...operations.map(({ name }) => name), ...plainPaths.map(({ operationId }) => operationId)]
    const routes = [...operations, ...plainPaths].map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(routes).size).toBe(routes.length)
  })
})
