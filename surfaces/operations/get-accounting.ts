// Operation: what became of everything that every producer sent. Not for: keeping the books (storage/ledger.ts).
import { z } from 'zod'
import { accounting } from '../../schemas/delivery.ts'
import { defineOperation } from './operation.ts'

export const getAccounting = defineOperation({
  name: 'getAccounting',
  summary: 'Account for every producer: received, stored, duplicates, rejected, suppressed, missing',
  description:
    'received = stored + duplicates + rejected + suppressed. `missing` numbers never came; `gaps` says which.',
  method: 'GET',
  path: '/api/v1/accounting',
  access: 'read',
  input: z.strictObject({}),
  output: accounting,
  errors: ['database_unavailable'],
  run: (house) => house.storage.ledger.accounting(),
})
