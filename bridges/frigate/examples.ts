// What the Frigate bridge makes of what it hears: documentation, contract test and dry run. The payloads are those of
// Frigate's own documentation (docs/docs/integrations/mqtt.md), and one recorded on 0.14 (SgtBatten/HA_blueprints, pull
// request 216); ids and times are changed where one is meant to follow another. Not for: every version (wire.test.ts).
import type { BridgeExample } from '../bridge.ts'
import type { Known } from './known.ts'
import { meaningOf } from './tell.ts'
import type { FrigateContext } from './translate.ts'

/** Messages only: an example must reach nothing. */
export const exampleConfig = { topicPrefix: 'frigate' }

const bobs = {
  id: '1718987129.308396-fqk5ka',
  camera: 'front_cam',
  start_time: 1718987129.308396,
  end_time: null,
  severity: 'detection',
  thumb_path: '/media/frigate/clips/review/thumb-front_cam-1718987129.308396-fqk5ka.webp',
  data: {
    detections: ['1718987128.947436-g92ztx', '1718987148.879516-d7oq7r', '1718987126.934663-q5ywpt'],
    objects: ['person', 'car'],
    sub_labels: [] as string[],
    zones: [] as string[],
    audio: [] as string[],
  },
}
const seenBob = {
  ...bobs,
  severity: 'alert',
  data: { ...bobs.data, sub_labels: ['Bob'], zones: ['front_yard'] },
}
const cats = {
  id: '1718990000.5-cat001',
  camera: 'back_door',
  start_time: 1718990000.5,
  end_time: 1718990030.25,
  severity: 'detection',
  data: { detections: ['1718990000.1-c4t001'], objects: ['cat'], sub_labels: [], zones: [], audio: [] },
}

function known(review: Known['review'], more: Partial<Known> = {}): Known {
  const bare: Known = { review, details: {}, seen: 1718987148.879516, heardAt: 0, ...more }
  return { ...bare, said: meaningOf(bare) }
}

const openReview = known(bobs)
const closedReview = known(cats, { end: 1718990030.25, seen: 1718990030.25 })

export const exampleContext: FrigateContext = {
  space: 'home',
  now: 1718987150_000,
  instance: 'frigate',
  wants: (camera) => !camera.startsWith('_replay_'),
  known: (id) => [openReview, closedReview].find(({ review }) => review.id === id),
  holding: (id) => [openReview, closedReview].filter(({ review }) => review.data.detections.includes(id)),
  detail: () => undefined,
  available: () => 'online',
  confidence: 0.9,
  objectsAlone: false,
  refers: false,
}

const reviews = (type: string, after: unknown) => ({ kind: 'reviews', payload: { type, before: null, after } })

export const examples: readonly BridgeExample<unknown>[] = [
  {
    title: 'Somebody comes to the door',
    input: reviews('new', {
      id: '1731024735.354857-0q54wl',
      camera: 'front_door',
      start_time: 1731024735.354857,
      end_time: null,
      severity: 'alert',
      data: { detections: ['1731024733.015153-0msadi'], objects: ['person'], sub_labels: [], zones: [], audio: [] },
    }),
    output: [
      {
        source: 'frigate',
        type: 'person_detected',
        summary: 'A person at the front door (alert)',
        timestamp: 1731024735354,
        data: {
          entity_id: 'camera.front_door',
          camera: 'front_door',
          category: 'person',
          severity: 'alert',
          objects: ['person'],
          detections: ['1731024733.015153-0msadi'],
          instance: 'frigate',
        },
        activityId: 'frigate/1731024735.354857-0q54wl',
        phase: 'start',
      },
    ],
  },
  {
    title: 'Who it is turns out later',
    input: reviews('update', seenBob),
    output: [
      {
        type: 'person_detected',
        summary: 'Bob and a car in the front yard',
        timestamp: 1718987148879,
        data: {
          entity_id: 'camera.front_cam',
          camera: 'front_cam',
          zone: 'front_yard',
          person: 'Bob',
          category: 'person',
          severity: 'alert',
          objects: ['person', 'car'],
          detections: bobs.data.detections,
          instance: 'frigate',
        },
        activityId: 'frigate/1718987129.308396-fqk5ka',
        phase: 'update',
      },
    ],
  },
  {
    title: 'It ends, in the past, as Frigate waits whether it goes on',
    input: reviews('end', { ...seenBob, end_time: 1718987160.5 }),
    output: [
      {
        type: 'person_detected',
        summary: 'Bob and a car in the front yard',
        timestamp: 1718987160500,
        duration: 31_192,
        phase: 'end',
      },
    ],
  },
  {
    title: 'A sound, of which only the end was heard',
    input: reviews('end', {
      id: '1731030000.25-s0und1',
      camera: 'garden',
      start_time: 1731030000.25,
      end_time: 1731030012.25,
      severity: 'detection',
      data: { detections: [], objects: [], sub_labels: [], zones: [], audio: ['bark'] },
    }),
    output: [
      { type: 'device_state_change', summary: 'Bark heard at the garden', timestamp: 1731030000250, phase: 'start' },
      {
        type: 'device_state_change',
        timestamp: 1731030012250,
        duration: 12_000,
        data: {
          entity_id: 'camera.garden',
          camera: 'garden',
          category: 'sound',
          severity: 'detection',
          objects: [],
          audio: ['bark'],
          instance: 'frigate',
        },
        phase: 'end',
      },
    ],
  },
  {
    title: 'A description that comes minutes after the end',
    input: {
      kind: 'tracked_object_update',
      payload: { type: 'description', id: '1718990000.1-c4t001', description: 'A black cat sits on the doormat.' },
    },
    output: [
      {
        type: 'device_state_change',
        summary: 'A cat at the back door',
        timestamp: 1718990030250,
        data: {
          entity_id: 'camera.back_door',
          camera: 'back_door',
          category: 'animal',
          severity: 'detection',
          objects: ['cat'],
          description: 'A black cat sits on the doormat.',
          detections: ['1718990000.1-c4t001'],
          instance: 'frigate',
        },
        phase: 'enriched',
      },
    ],
  },
  {
    title: 'A face that it is not sure of tells nothing',
    input: {
      kind: 'tracked_object_update',
      payload: { type: 'face', id: '1718990000.1-c4t001', name: 'John', score: 0.4, camera: 'back_door' },
    },
    output: [],
  },
  {
    title: 'A trigger of its semantic search fires',
    input: {
      kind: 'triggers',
      payload: {
        name: 'car_trigger',
        camera: 'driveway',
        event_id: '1751565549.853251-b69j73',
        type: 'thumbnail',
        score: 0.85,
      },
    },
    output: [
      {
        type: 'routine_trigger',
        summary: 'Trigger car_trigger at the driveway',
        timestamp: 1718987150_000,
        data: {
          entity_id: 'camera.driveway',
          camera: 'driveway',
          confidence: 0.85,
          category: 'trigger',
          trigger: 'car_trigger',
          matched: 'thumbnail',
          detections: ['1751565549.853251-b69j73'],
          instance: 'frigate',
        },
      },
    ],
  },
  {
    title: 'Frigate has crashed, or its machine is off',
    input: { kind: 'available', payload: 'offline' },
    output: [
      {
        type: 'device_state_change',
        summary: 'Frigate is gone',
        timestamp: 1718987150_000,
        data: { category: 'availability', old_state: 'online', new_state: 'offline', instance: 'frigate' },
      },
    ],
  },
  {
    title: 'It says that it is online whenever it connects, which is no news',
    input: { kind: 'available', payload: 'online' },
    output: [],
  },
]
