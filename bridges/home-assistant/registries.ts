// Where things are: Home Assistant's registries of areas, floors, devices and entities as one look-up by entity. Every
// field of theirs may be missing, in some version. Not for: keeping them fresh, which the session does.
import { z } from 'zod'

/** What the registries say about an entity. */
export interface Place {
  /** The area's id, a slug: our `zone`. */
  zone?: string
  /** The area's name. */
  area?: string
  /** The floor's name. */
  floor?: string
  /** Configuration, diagnostics, hidden or disabled. */
  internal: boolean
  /** One of Daybook's own entities. */
  own: boolean
}

export type Places = ReadonlyMap<string, Place>

export const nowhere: Place = { internal: false, own: false }

const text = z.string().nullish().catch(null)
const area = z.object({ area_id: z.string(), name: text, floor_id: text })
const floor = z.object({ floor_id: z.string(), name: text })
const device = z.object({ id: z.string(), area_id: text, parent_device_id: text })
const entity = z.object({
  entity_id: z.string(),
  unique_id: z.unknown().optional(),
  device_id: text,
  area_id: text,
  entity_category: text,
  hidden_by: text,
  disabled_by: text,
})

/** The answers of the four `config/<x>_registry/list` commands; what one could not give is an empty list. */
export interface RegistryLists {
  areas: unknown
  floors: unknown
  devices: unknown
  entities: unknown
}

/** An entity's area is its own, else its device's, else that of the device's parent. */
export function readPlaces(lists: RegistryLists): Places {
  const areas = new Map(each(area, lists.areas).map((a) => [a.area_id, a]))
  const floors = new Map(each(floor, lists.floors).map((f) => [f.floor_id, f.name]))
  const devices = new Map(each(device, lists.devices).map((d) => [d.id, d]))
  const areaOfDevice = (id: string | null | undefined): string | null | undefined => {
    const found = id ? devices.get(id) : undefined
    return found?.area_id ?? (found?.parent_device_id ? devices.get(found.parent_device_id)?.area_id : undefined)
  }
  return new Map(
    each(entity, lists.entities).map((e): [string, Place] => {
      const found = areas.get(e.area_id ?? areaOfDevice(e.device_id) ?? '')
      const floorName = found?.floor_id ? floors.get(found.floor_id) : undefined
      const place: Place = {
        ...(found && { zone: found.area_id, area: found.name ?? found.area_id }),
        ...(floorName && { floor: floorName }),
        internal: Boolean(e.entity_category || e.hidden_by || e.disabled_by),
        own: typeof e.unique_id === 'string' && e.unique_id.startsWith('daybook_'),
      }
      return [e.entity_id, place]
    }),
  )
}

function each<T>(schema: z.ZodType<T>, list: unknown): T[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item) => {
    const parsed = schema.safeParse(item)
    return parsed.success ? [parsed.data] : []
  })
}
