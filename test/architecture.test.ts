// The house keeps its rules. Not for: what the parts do, or whether the rules see anything (architecture.rules.test.ts).
import { expect, test } from 'vitest'
import * as rules from './architecture.ts'
import { isTest, readTree } from './tree.ts'

const tree = readTree()
const part = (keep: (path: string) => boolean) =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => keep(path)))
const registries = [
  { registry: 'bridges/registry.ts', declares: /^export const \w+ = defineBridge\b/m },
  { registry: 'storage/objects/registry.ts', declares: /^export const \w+ = defineStore\b/m },
  { registry: 'surfaces/cli/registry.ts', declares: /^export const \w+: Verb = /m },
  { registry: 'surfaces/operations/registry.ts', declares: /^export const \w+ = defineOperation\b/m },
]
const isInterface = (path: string) =>
  /^(broker\/bus|bridges\/bridge|storage\/(activity-store|catalogue|ledger|meaning|objects|objects\/object-store|retained|storage))\.ts$/.test(
    path,
  )

test('the whole house is looked at', () => {
  expect(Object.keys(tree)).toEqual(
    expect.arrayContaining(['main.ts', 'schemas/topics.ts', 'test/architecture.test.ts']),
  )
})
test('imports go down the floors, never up and never sideways', () => {
  expect(rules.floorBreaks(tree)).toEqual([])
})
test('what runs does not import what tests it', () => {
  expect(rules.testBreaks(tree)).toEqual([])
})
test('no imports go in a circle', () => {
  expect(rules.cycles(tree)).toEqual([])
})
test('the vocabulary needs zod and Node only', () => {
  expect(rules.foreignImports(tree, 'schemas', ['zod'])).toEqual([])
})
test.each(registries)('every part that $registry should list is in it', ({ registry, declares }) => {
  expect(rules.unregistered(tree, registry, declares)).toEqual([])
})
test('topics are spelled in schemas/topics.ts only', () => {
  expect(rules.spelledTopics(tree)).toEqual([])
})
test('SQL lives in storage/ only, but for the files that work without a storage: the outbox and the buckets', () => {
  const exempt = [
    'broker/outbox/file.ts',
    'bridges/activitywatch/store/file.ts',
    'bridges/terminal/atuin.ts',
    'bridges/wakatime/file.ts',
  ]
  expect(rules.strayedSql(tree, exempt)).toEqual([])
})
test('the environment is read in config.ts only', () => {
  expect(rules.environmentReaders(tree)).toEqual([])
})
test('no file or folder is named for leftovers', () => {
  expect(rules.forbiddenNames(tree)).toEqual([])
})
test('every file opens with what it is for, and every one but tests with what it is not for', () => {
  expect(rules.unexplained(tree)).toEqual([])
})
test('everything that an interface file exports is documented', () => {
  expect(rules.undocumented(tree, isInterface)).toEqual([])
})
test('no file has more than 400 lines', () => {
  expect(rules.tooLong(tree, 400)).toEqual([])
})
test('half of the source files have at most 100 lines, nine of ten at most 250', () => {
  const source = part((path) => !isTest(path))
  expect(rules.quantile(source, 0.5)).toBeLessThanOrEqual(100)
  expect(rules.quantile(source, 0.9)).toBeLessThanOrEqual(250)
})
