// Which entities are wanted: the configured lists, and what Home Assistant's own registry calls internal. Not for: which
// of their changes count (observe.ts).
import type { EntityFilter } from './config.ts'
import type { Place } from './registries.ts'
import { domainOf } from './wire.ts'

export type Filter = (entityId: string, place: Place) => boolean

const isEmpty = (filter: EntityFilter) => !filter.domains.length && !filter.entityGlobs.length

/**
 * The rules of Home Assistant's own include and exclude: the more exact wins (entity, glob, domain), and what no list
 * names passes unless domains or globs are included. What its registry marks as configuration, diagnostics, hidden or
 * disabled passes only if it is included by name; Daybook's own entities never do.
 */
export function createFilter({ include, exclude }: { include: EntityFilter; exclude: EntityFilter }): Filter {
  const globs = { include: include.entityGlobs.map(toPattern), exclude: exclude.entityGlobs.map(toPattern) }
  const onlyNamed = isEmpty(include) && isEmpty(exclude) && include.entities.length > 0
  const otherwise = isEmpty(include) && !onlyNamed
  return (entityId, place) => {
    if (place.own) return false
    if (include.entities.includes(entityId)) return true
    if (exclude.entities.includes(entityId) || place.internal) return false
    if (globs.exclude.some((glob) => glob.test(entityId))) return false
    if (globs.include.some((glob) => glob.test(entityId))) return true
    if (exclude.domains.includes(domainOf(entityId))) return false
    return include.domains.includes(domainOf(entityId)) || otherwise
  }
}

/** `*` is any text, `?` one character; entity ids are short, so that several `*` cost nothing. */
function toPattern(glob: string): RegExp {
  const collapsed = glob.replace(/\*+/g, '*')
  return new RegExp(
    `^${collapsed
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.')}$`,
  )
}
