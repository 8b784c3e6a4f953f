// Events given a category, or tags, by rules over the texts of their data. Not for: the regular expressions in the rules
// (../regex.ts).
import { functionError, QueryCrash, Unfit } from '../failures.ts'
import type { Scope } from '../function.ts'
import { events, isDict, isKey, isTrue, type QueryEvent, type Value } from '../values.ts'

interface Rule {
  category: Value
  priority: number | undefined
  /** Whether one of these texts matches. */
  matches(texts: string[]): boolean
  selectKeys: Value | undefined
}

/** Sets `$category` in the events it is given: that of the deepest rule that matches, or of the highest priority. */
export function categorize(scope: Scope, list: Value[], classes: Value[]): Value {
  return assign(scope, list, classes, '$category', pickCategory)
}

/** Sets `$tags` in the events it is given: those of all rules that match. */
export function tag(scope: Scope, list: Value[], classes: Value[]): Value {
  return assign(scope, list, classes, '$tags', (rules) => rules.map(({ category }) => category))
}

function assign(scope: Scope, list: Value[], classes: Value[], field: string, pick: (rules: Rule[]) => Value[]): Value {
  const rules = classes.map((item) => ruleOf(scope, item))
  const known = new Map<string, Value[]>()
  for (const event of events(list, scope.budget)) {
    const texts = textsOf(event, scope)
    const key = JSON.stringify(texts)
    const picked = known.get(key) ?? pick(rules.filter((rule) => applies(rule, texts, scope)))
    known.set(key, picked)
    scope.budget.spend(picked.length)
    event.data[field] = [...picked]
  }
  return list
}

interface Texts {
  names: string[]
  values: string[]
}

/** What rules look at: events that agree in it cannot be told apart by any. */
function textsOf({ data }: QueryEvent, { budget }: Scope): Texts {
  const texts: Texts = { names: [], values: [] }
  for (const name of Object.keys(data)) {
    const value = data[name]
    if (typeof value !== 'string') continue
    texts.names.push(name)
    texts.values.push(value)
  }
  budget.spend(texts.names.length)
  return texts
}

function applies({ matches, selectKeys }: Rule, { names, values }: Texts, { budget }: Scope): boolean {
  if (!isTrue(selectKeys)) return matches(values)
  const keys = typeof selectKeys === 'string' ? [...selectKeys] : selectKeys
  if (!Array.isArray(keys) || keys.some((key) => !isKey(key))) throw new Unfit()
  budget.spend(keys.length * (1 + names.length))
  return matches(values.filter((_, i) => keys.includes(names[i] as string)))
}

function ruleOf({ regexes, budget }: Scope, item: Value): Rule {
  const [category, rule] = pair(item)
  budget.spend()
  if (!isDict(rule)) throw new QueryCrash('AttributeError', 'A rule is not a dict')
  const { regex, select_keys: selectKeys, ignore_case: ignoreCase } = rule
  const priority = priorityOf('priority' in rule ? rule.priority : rule.weight)
  if (!isTrue(regex)) return { category, priority, selectKeys, matches: () => false }
  if (typeof regex !== 'string') throw new Unfit()
  const matcher = regexes.compile(regex, isTrue(ignoreCase))
  return {
    category,
    priority,
    selectKeys,
    matches: (texts) => texts.some(matcher),
  }
}

/** What stands for a class: a category and its rule. */
function pair(item: Value): [Value, Value] {
  const parts = typeof item === 'string' ? [...item] : isDict(item) ? Object.keys(item) : item
  if (!Array.isArray(parts)) throw new Unfit()
  const [category, rule] = parts
  if (parts.length > 2) throw functionError('too many values to unpack (expected 2)')
  if (category === undefined || rule === undefined) {
    throw functionError(`not enough values to unpack (expected 2, got ${parts.length})`)
  }
  return [category, rule]
}

function priorityOf(value: Value | undefined): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value)) throw functionError('priority/weight must be an integer')
  return value
}

/** Ten a level unless the rule says otherwise; of equal ranks the last one. */
function pickCategory(rules: Rule[]): Value[] {
  let picked: Value[] = ['Uncategorized']
  let best = Number.NEGATIVE_INFINITY
  for (const { category, priority } of rules) {
    if (!isTrue(category)) continue
    const parts = typeof category === 'string' ? [...category] : isDict(category) ? Object.keys(category) : category
    if (!Array.isArray(parts)) throw new Unfit()
    const rank = priority ?? parts.length * 10
    if (rank < best) continue
    picked = parts
    best = rank
  }
  return picked
}
