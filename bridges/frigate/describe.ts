// One line for people about a review: "A person at the front door (alert)", "Bob in the front yard". Not for: anything a
// program should read, which is in `data`.
import { limits } from '../../schemas/activity.ts'
import type { Known } from './known.ts'

const vehicles = new Set(['car', 'truck', 'bus', 'motorcycle', 'bicycle', 'boat', 'train', 'airplane', 'license_plate'])
const animals = new Set(
  'bird cat dog horse sheep cow bear deer fox raccoon rabbit squirrel skunk goat elephant zebra giraffe'.split(' '),
)
const MOST_NAMED = 3

/** What a review is about, as far as words and `data` need it. */
export interface Subjects {
  /** Labels, without Frigate's marks. */
  objects: string[]
  /** Who was recognised. */
  people: string[]
  /** Known vehicles, delivery companies. */
  others: string[]
  plates: string[]
  audio: string[]
}

export function subjectsOf({ review, details }: Pick<Known, 'review' | 'details'>): Subjects {
  const { data } = review
  const known = data.detections.flatMap((id) => details[id] ?? [])
  const objects = unique(data.objects.map((label) => label.replace(/-verified$/, '')))
  const named = known.filter((detail) => detail.name !== undefined)
  const others = unique(named.flatMap(({ label, name }) => (label !== 'person' && name ? [name] : [])))
  const faces = named.flatMap(({ label, name }) => (label === 'person' && name ? [name] : []))
  const rest = data.sub_labels.filter((name) => !others.includes(name))
  const hasPerson = objects.includes('person')
  return {
    objects,
    people: unique(hasPerson ? [...faces, ...rest] : faces),
    others: unique(hasPerson ? others : [...others, ...rest]),
    plates: unique(known.flatMap(({ plate }) => plate ?? [])),
    audio: unique(data.audio),
  }
}

/** Persons come first; then what is rarer and says more. */
export function categoryOf({ objects, audio }: Subjects): string {
  if (objects.includes('person')) return 'person'
  if (objects.some((label) => animals.has(label))) return 'animal'
  if (objects.some((label) => vehicles.has(label))) return 'vehicle'
  if (objects.includes('package')) return 'package'
  return objects.length === 0 && audio.length > 0 ? 'sound' : 'object'
}

export function describe({ review }: Pick<Known, 'review'>, subjects: Subjects): string {
  const { zones, metadata } = review.data
  const place = zones[0] ? `in the ${words(zones[0])}` : atCamera(review.camera)
  const alert = review.severity === 'alert' && subjects.people.length === 0 ? ' (alert)' : ''
  const title = metadata?.title ? `: ${metadata.title}` : ''
  return oneLine(`${capital(whoOrWhat(subjects))} ${place}${alert}${title}`)
}

/** `at the front door`. */
export function atCamera(camera: string): string {
  return `at the ${words(camera).replace(/ cam(era)?$/, '')}`
}

function whoOrWhat({ objects, people, others, plates, audio }: Subjects): string {
  const anonymous = objects.filter(
    (label) => !(label === 'person' && people.length > 0) && !(label !== 'person' && others.length > 0),
  )
  const plate = plates[0] ? ` (${plates[0]})` : ''
  const things = anonymous.map((label) => `${withArticle(words(label))}${vehicles.has(label) ? plate : ''}`)
  const all = [...people, ...others, ...things]
  if (all.length > 0) return listed(all)
  return audio.length > 0 ? `${listed(audio.map(words))} heard` : 'Something'
}

function listed(names: readonly string[]): string {
  const shown = names.length > MOST_NAMED ? [...names.slice(0, MOST_NAMED - 1), 'more'] : names
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`
}

function words(name: string): string {
  const spaced = name.replace(/[_-]+/g, ' ').trim()
  return /^[A-Z][a-z]/.test(spaced) ? spaced.toLowerCase() : spaced
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** As a summary may be. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= limits.summary ? line : `${line.slice(0, limits.summary - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => name !== ''))]
}
