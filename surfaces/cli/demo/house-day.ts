// The made day as the house saw it: what Home Assistant, Frigate, Zigbee2MQTT and a washing machine tell. All of it is
// invented. Not for: the desk (desk-day.ts).
import { lasting, type Moment, speaker } from './moment.ts'

const floors = {
  bedroom: 'Upstairs',
  bathroom: 'Upstairs',
  study: 'Upstairs',
  kitchen: 'Downstairs',
  hall: 'Downstairs',
  living_room: 'Downstairs',
  utility_room: 'Downstairs',
  front_door: 'Outside',
}

type Room = keyof typeof floors

const home = speaker('home_assistant')
const zigbee = speaker('zigbee2mqtt')
const frigate = speaker('frigate')
const iot = speaker('iot')

const named = (room: Room) => (room.charAt(0).toUpperCase() + room.slice(1)).replace('_', ' ')
const inside = (room: Room) => ({ zone: room, area: named(room), floor: floors[room] })

/** An automation; what it does bears its name as the cause. */
const routine = (at: string, id: string, name: string, source: string) =>
  home(
    at,
    'routine_trigger',
    `${name} ran, triggered by ${source}`,
    { entity_id: `automation.${id}`, category: 'automation', name, source },
    { cause: { id: `ctx-${id}` } },
  )
const by = (id: string) => ({ cause: { id: `ctx-${id}-action`, parentId: `ctx-${id}` } })

function light(at: string, room: Room, state: 'on' | 'off', more = {}): Moment {
  const data = {
    entity_id: `light.${room}`,
    ...inside(room),
    old_state: state === 'on' ? 'off' : 'on',
    new_state: state,
  }
  return home(at, 'device_state_change', `${named(room)} light turned ${state}`, data, more)
}

function heating(at: string, from: number, to: number, more = {}): Moment {
  const data = { entity_id: 'climate.house', attribute: 'temperature', unit: '°C', old_state: from, new_state: to }
  return home(at, 'device_state_change', `Heating: temperature set to ${to} (was ${from})`, data, more)
}

function reading(
  at: string,
  room: Room,
  kind: 'temperature' | 'humidity' | 'carbon_dioxide',
  value: number,
  was: number,
): Moment {
  const unit = { temperature: '°C', humidity: '%', carbon_dioxide: 'ppm' }[kind]
  const data = {
    entity_id: `sensor.${room}_${kind}`,
    ...inside(room),
    device_class: kind,
    unit,
    old_state: was,
    new_state: value,
  }
  return home(at, 'environmental', `${named(room)} ${kind.replace('_', ' ')} is ${value} ${unit}`, data)
}

/** A door, a window or a lid that opens and closes. */
function opened(from: string, to: string, name: string, room: Room, kind: 'door' | 'window'): Moment[] {
  const entity_id = `binary_sensor.${name.toLowerCase().replaceAll(' ', '_')}`
  const data = { entity_id, ...inside(room), device_class: kind }
  return lasting(
    `${entity_id}-${from}`,
    zigbee(from, 'device_state_change', `${name} opened`, { ...data, old_state: 'off', new_state: 'on' }),
    {
      at: to,
      summary: `${name} closed`,
      data: { old_state: 'on', new_state: 'off' },
    },
  )
}

function motion(from: string, to: string, room: Room): Moment[] {
  const data = { entity_id: `binary_sensor.${room}_motion`, ...inside(room), device_class: 'motion' }
  return lasting(
    `${room}-motion-${from}`,
    zigbee(from, 'device_state_change', `${named(room)}: somebody moves`, {
      ...data,
      old_state: 'off',
      new_state: 'on',
    }),
    {
      at: to,
      summary: `${named(room)} is quiet again`,
      data: { old_state: 'on', new_state: 'off' },
    },
  )
}

function presence(at: string, summary: string, from: string, to: string): Moment {
  return home(at, 'presence_change', summary, {
    entity_id: 'person.mira',
    person: 'Mira',
    zone: to,
    old_state: from,
    new_state: to,
  })
}

/** What the camera at the front door tells of a person, from the first frame to the picture that is kept. */
function seen(
  id: string,
  times: readonly [start: string, update: string, end: string, enriched: string],
  who: { first: string; next: string; last: string; more: string; person?: string; picture: 'courier' | 'mira' },
): Moment[] {
  const [start, update, end, enriched] = times
  const data = {
    entity_id: 'camera.front_door',
    ...inside('front_door'),
    category: 'person',
    zones: ['path', 'doorstep'],
    severity: 'alert',
  }
  const known = who.person === undefined ? {} : { person: who.person, sub_label: who.person }
  const [begun, ended] = lasting(id, frigate(start, 'person_detected', who.first, { ...data, confidence: 0.71 }), {
    at: end,
    summary: who.last,
    data: { ...known, confidence: 0.93 },
  }) as [Moment, Moment]
  return [
    begun,
    { ...begun, at: update, summary: who.next, phase: 'update', data: { ...data, ...known, confidence: 0.88 } },
    ended,
    {
      ...ended,
      at: enriched,
      summary: who.more,
      phase: 'enriched',
      contentRef: `${who.picture}-snapshot`,
      attachments: [`${who.picture}-thumbnail`],
    },
  ]
}

const bed = (at: string, to: 'on' | 'off', summary: string) =>
  zigbee(at, 'device_state_change', summary, {
    entity_id: 'binary_sensor.bed',
    ...inside('bedroom'),
    device_class: 'occupancy',
    old_state: to === 'on' ? 'off' : 'on',
    new_state: to,
  })

function runs(
  id: string,
  name: string,
  room: Room,
  from: string,
  to: string,
  told: [begin: string, end: string],
  kwh: number,
): Moment[] {
  const data = { entity_id: `switch.${id}`, ...inside(room), category: 'energy', device_class: 'power' }
  return lasting(
    id,
    iot(from, 'device_state_change', `${name} ${told[0]}`, { ...data, old_state: 'off', new_state: 'on' }),
    {
      at: to,
      summary: `${name} ${told[1]}`,
      data: { old_state: 'on', new_state: 'off', energy_kwh: kwh },
    },
  )
}

const machine = (at: string, from: string, to: string) =>
  iot(
    at,
    'device_state_change',
    `Washing machine: ${to.toLowerCase()}`,
    {
      entity_id: 'sensor.washing_machine',
      ...inside('utility_room'),
      category: 'energy',
      attribute: 'program',
      old_state: from,
      new_state: to,
    },
    { activity: 'washing-machine', phase: 'update' },
  )

const film = "The Lighthouse Keeper's Cat"

/** In no order; day.ts sorts it. */
export const houseDay: readonly Moment[] = [
  routine('05:45:00', 'warm_morning', 'Warm morning', 'time'),
  heating('05:45:01', 17, 20.5, by('warm_morning')),
  reading('06:30:00', 'bedroom', 'temperature', 18.4, 17.6),
  bed('06:52:08', 'off', 'Bed is empty'),
  routine('06:52:20', 'good_morning', 'Good morning', 'the bed'),
  light('06:52:21', 'bedroom', 'on', by('good_morning')),
  home(
    '06:52:24',
    'device_state_change',
    'Bedroom blind opened',
    { entity_id: 'cover.bedroom', ...inside('bedroom'), device_class: 'blind', old_state: 'closed', new_state: 'open' },
    by('good_morning'),
  ),
  ...motion('06:57:40', '07:16:10', 'bathroom'),
  light('06:57:42', 'bathroom', 'on'),
  reading('07:08:00', 'bathroom', 'humidity', 81, 56),
  light('07:16:30', 'bathroom', 'off'),
  light('07:18:02', 'kitchen', 'on'),
  ...runs('coffee_machine', 'Coffee machine', 'kitchen', '07:19:30', '07:27:10', ['is on', 'is off'], 0.11),
  ...opened('07:31:12', '07:31:55', 'Fridge', 'kitchen', 'door'),
  reading('07:40:00', 'front_door', 'temperature', 4.5, 6),
  ...seen('courier', ['07:55:12', '07:55:30', '07:56:41', '07:56:52'], {
    first: 'A person at the front door',
    next: 'A person on the doorstep, with a parcel',
    last: 'The person at the front door has gone',
    more: 'A courier in a yellow jacket left a parcel on the doorstep',
    picture: 'courier',
  }),
  home('07:55:44', 'device_state_change', 'The doorbell rang', {
    entity_id: 'event.doorbell',
    ...inside('front_door'),
    device_class: 'doorbell',
    new_state: 'ring',
  }),
  ...opened('07:56:20', '07:57:05', 'Front door', 'hall', 'door'),
  ...runs('washing-machine', 'Washing machine', 'utility_room', '08:04:50', '09:22:40', ['started', 'is done'], 0.72),
  machine('08:31:00', 'Washing', 'Rinsing'),
  machine('09:10:20', 'Rinsing', 'Spinning'),
  light('08:11:30', 'study', 'on'),
  reading('10:24:00', 'study', 'carbon_dioxide', 1180, 940),
  ...opened('10:33:10', '10:49:30', 'Study window', 'study', 'window'),
  reading('10:50:00', 'study', 'carbon_dioxide', 610, 1180),
  light('11:02:15', 'study', 'off'),
  ...motion('12:21:00', '12:58:30', 'kitchen'),
  ...opened('13:03:20', '13:03:42', 'Front door', 'hall', 'door'),
  presence('13:06:10', 'Mira left home', 'home', 'not_home'),
  routine('13:06:11', 'nobody_home', 'Nobody home', 'Mira'),
  heating('13:06:12', 20.5, 18, by('nobody_home')),
  home(
    '13:06:13',
    'device_state_change',
    'Front door locked',
    { entity_id: 'lock.front_door', ...inside('hall'), old_state: 'unlocked', new_state: 'locked' },
    by('nobody_home'),
  ),
  presence('13:24:30', 'Mira is at the market', 'not_home', 'market'),
  presence('14:12:00', 'Mira left the market', 'market', 'not_home'),
  ...seen('mira', ['14:30:50', '14:31:04', '14:31:40', '14:31:55'], {
    first: 'A person at the front door',
    next: 'Mira at the front door',
    last: 'Mira has gone from the front door',
    more: 'Mira comes home with a bag, a leek looking out of it',
    person: 'Mira',
    picture: 'mira',
  }),
  ...opened('14:31:22', '14:31:38', 'Front door', 'hall', 'door'),
  presence('14:31:30', 'Mira is home', 'not_home', 'home'),
  routine('14:31:31', 'welcome', 'Welcome', 'Mira'),
  light('14:31:32', 'hall', 'on', by('welcome')),
  heating('14:31:33', 18, 20.5, by('welcome')),
  light('14:36:32', 'hall', 'off', by('welcome')),
  routine('16:18:00', 'dusk', 'Dusk', 'the sun'),
  light('16:18:01', 'living_room', 'on', by('dusk')),
  light('16:18:01', 'study', 'on', by('dusk')),
  light('17:34:10', 'study', 'off'),
  light('17:46:00', 'kitchen', 'on'),
  ...runs('oven', 'Oven', 'kitchen', '18:02:30', '18:44:00', ['is on', 'is off'], 0.94),
  reading('18:40:00', 'kitchen', 'temperature', 23.5, 21),
  routine('19:38:00', 'film', 'Film', 'the remote control'),
  home(
    '19:38:01',
    'device_state_change',
    'Living room light: brightness set to 15 (was 80)',
    {
      entity_id: 'light.living_room',
      ...inside('living_room'),
      attribute: 'brightness',
      unit: '%',
      old_state: 80,
      new_state: 15,
    },
    by('film'),
  ),
  ...lasting(
    'film',
    home('19:38:20', 'device_state_change', `TV plays "${film}"`, {
      entity_id: 'media_player.tv',
      ...inside('living_room'),
      title: film,
      old_state: 'idle',
      new_state: 'playing',
    }),
    {
      at: '21:34:00',
      summary: 'TV turned off',
      data: { old_state: 'playing', new_state: 'off' },
    },
  ),
  light('21:40:20', 'living_room', 'off'),
  ...runs('dishwasher', 'Dishwasher', 'kitchen', '21:52:00', '23:10:30', ['started', 'is done'], 0.81),
  light('21:53:10', 'kitchen', 'off'),
  ...motion('22:08:30', '22:21:00', 'bathroom'),
  light('22:24:00', 'bedroom', 'on'),
  routine('22:48:30', 'good_night', 'Good night', 'the button at the bed'),
  light('22:48:31', 'bedroom', 'off', by('good_night')),
  heating('22:48:32', 20.5, 17, by('good_night')),
  bed('22:50:05', 'on', 'Bed is occupied'),
  reading('23:30:00', 'bedroom', 'temperature', 18.6, 19.8),
]
