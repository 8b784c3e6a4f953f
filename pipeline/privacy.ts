// What a person wants nobody to keep: private windows leave no trace, and facts are cleaned of secrets. Pure. Not for:
// what a secret looks like (redact-rules.ts), or pauses and what is forgotten (suppression.ts).
import type { Privacy } from '../schemas/privacy.ts'
import type { Redactor } from './redact.ts'

export function createPrivacy({ redactor }: { redactor: Redactor }): Privacy {
  return {
    allows: ({ isPrivate }) => isPrivate !== true,
    clean<Facts extends Record<string, unknown>>(facts: Facts): Facts {
      const { data } = redactor.redact({ id: '-', source: '-', type: '-', summary: '-', timestamp: 0, data: facts })
      return data as Facts
    },
  }
}
