// Every rule of the house finds a house that breaks it, and lets the nearest one that does not go by. Not for: our own
// house (architecture.test.ts).
import { expect, test } from 'vitest'
import { topicsUnder } from '../schemas/topics.ts'
import * as rules from './architecture.ts'
import type { Tree } from './tree.ts'

const head = '// What it is for. Not for: the rest.\n'
const importing = (path: string, name: string): Tree => ({ [path]: `import { a } from '${name}'\n` })
const saying = (path: string, code: string): Tree => ({ [path]: `const a = ${code}\n` })
const topic = topicsUnder('daybook').activity({ source: 'a', type: 'b', producer: 'c' })
const bridge = 'export const a = defineBridge({})'
const inBridges = (tree: Tree) => rules.unregistered(tree, 'bridges/registry.ts', /^export const \w+ = defineBridge\b/m)

/** For each rule: a house that breaks it, and the nearest one that does not. */
const cases: [broken: string, rule: (tree: Tree) => string[], breaks: Tree, keeps: Tree][] = [
  [
    'an import up',
    rules.floorBreaks,
    importing('storage/a.ts', '../pipeline/b.ts'),
    importing('pipeline/b.ts', '../storage/a.ts'),
  ],
  [
    'an import to the roof',
    rules.floorBreaks,
    importing('surfaces/a.ts', '../config.ts'),
    importing('surfaces/a.ts', '../component.ts'),
  ],
  [
    'an import sideways',
    rules.floorBreaks,
    importing('broker/a.ts', '../storage/b.ts'),
    importing('broker/a.ts', './b.ts'),
  ],
  [
    'a test that looks up',
    rules.floorBreaks,
    importing('broker/a.test.ts', '../app.ts'),
    importing('broker/a.test.ts', '../test/b.ts'),
  ],
  [
    'an import of docs',
    rules.floorBreaks,
    importing('surfaces/a.ts', '../docs/b.ts'),
    importing('docs/b.ts', '../surfaces/a.ts'),
  ],
  [
    'an import of a test',
    rules.testBreaks,
    importing('broker/a.ts', './a.contract.ts'),
    importing('broker/a.test.ts', './a.contract.ts'),
  ],
  [
    'a circle',
    rules.cycles,
    { ...importing('a.ts', './b.ts'), ...importing('b.ts', './c.ts'), ...importing('c.ts', './a.ts') },
    { ...importing('a.ts', './b.ts'), ...importing('b.ts', './c.ts'), ...importing('d.ts', './c.ts') },
  ],
  [
    'a package in the vocabulary',
    (tree) => rules.foreignImports(tree, 'schemas', ['zod']),
    importing('schemas/a.ts', 'pg'),
    importing('schemas/a.ts', 'zod'),
  ],
  [
    'a bridge that nobody lists',
    inBridges,
    { 'bridges/a.ts': bridge, 'bridges/registry.ts': '' },
    { 'bridges/a.ts': bridge, ...importing('bridges/registry.ts', './a.ts') },
  ],
  [
    'a spelled topic',
    rules.spelledTopics,
    saying('broker/a.ts', `'${topic}'`),
    saying('broker/a.ts', `'/api/v1/activities' // ${topic}`),
  ],
  [
    'a topic with its prefix put in',
    rules.spelledTopics,
    saying('a.ts', `\`\${prefix}/${'receipt'}/a\``),
    saying('a.ts', "'zigbee2mqtt/bridge/devices'"),
  ],
  [
    'a query',
    rules.strayedSql,
    saying('pipeline/a.ts', "'select id from activities'"),
    saying('pipeline/a.ts', "'select one of them'"),
  ],
  [
    'a statement over two lines',
    rules.strayedSql,
    saying('app.ts', '`\n  INSERT INTO a\n  VALUES (1)`'),
    saying('storage/a.ts', '`INSERT INTO a VALUES (1)`'),
  ],
  ['a database driver', rules.strayedSql, importing('pipeline/a.ts', 'pg'), importing('storage/a.ts', 'pg')],
  [
    'a look at the environment',
    rules.environmentReaders,
    saying('app.ts', 'process.env.HOME'),
    saying('config.ts', 'process.env.HOME'),
  ],
  [
    'a bad name',
    rules.forbiddenNames,
    { 'broker/lib/a.ts': '' },
    { 'broker/utilities-bill.ts': '', 'storage/library.ts': '' },
  ],
  ['a long file', (tree) => rules.tooLong(tree, 3), { 'a.ts': '1\n2\n3\n4\n' }, { 'a.ts': '1\n2\n3\n' }],
  [
    'a file that does not explain itself',
    rules.unexplained,
    { 'a.ts': `\n${head}` },
    { 'a.ts': '// For this. Not\n// for: that.\n' },
  ],
  [
    'an export without a word',
    (tree) => rules.undocumented(tree, () => true),
    { 'a.ts': `${head}export interface A {}` },
    { 'a.ts': `${head}/** Why. */\nexport interface A {}` },
  ],
]

test.each(cases)('%s is found, and what only looks like it is not', (_, rule, breaks, keeps) => {
  expect(rule(breaks)).toHaveLength(1)
  expect(rule(keeps)).toEqual([])
})
test('half of the files are at most as long as the middle one', () => {
  const three = { 'a.ts': '1\n', 'b.ts': '1\n2\n', 'c.ts': '1\n2\n3\n' }
  expect([0.5, 0.9].map((share) => rules.quantile(three, share))).toEqual([2, 3])
})
