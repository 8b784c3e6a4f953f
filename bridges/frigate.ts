// The Frigate bridge: what cameras see and hear, from its messages and its HTTP API. Not for: how, which the folder beside
// this file shows, from the wire upwards: wire, known, tell, translate; then client, taker, instance, bridge.
import { defineBridge } from './bridge.ts'
import { openFrigate } from './frigate/bridge.ts'
import { type FrigateConfig, frigateConfig } from './frigate/config.ts'
import { exampleConfig, exampleContext, examples } from './frigate/examples.ts'
import { type FrigateContext, step } from './frigate/translate.ts'

export const frigate = defineBridge<FrigateConfig, unknown, FrigateContext>({
  name: 'frigate',
  title: 'Frigate: persons, vehicles, animals and sounds that cameras detect, with their pictures',
  types: ['person_detected', 'device_state_change', 'routine_trigger'],
  never: [
    'Recordings and clips: they stay with Frigate, and only the picture of a review is copied.',
    'The password for Frigate, and passwords in the URLs of cameras.',
  ],
  config: frigateConfig,
  exampleConfig,
  exampleContext,
  examples,
  translate: (heard, context) => step(heard, context).notifications,
  open: (host) => openFrigate(host),
})
