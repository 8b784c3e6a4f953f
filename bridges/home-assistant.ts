// The Home Assistant bridge: what happens in the house, heard over its WebSocket API. Not for: how, which the folder
// beside this file shows, from the wire upwards: wire, kinds, observe, translate; then socket, session, bridge.
import { defineBridge } from './bridge.ts'
import { openHomeAssistant } from './home-assistant/bridge.ts'
import { type HomeAssistantConfig, homeAssistantConfig } from './home-assistant/config.ts'
import type { HomeContext } from './home-assistant/context.ts'
import { exampleConfig, exampleContext, examples } from './home-assistant/examples.ts'
import { step } from './home-assistant/translate.ts'

export const homeAssistant = defineBridge<HomeAssistantConfig, unknown, HomeContext>({
  name: 'home_assistant',
  title: 'Home Assistant: people, devices, sensors and routines of the house',
  types: ['presence_change', 'device_state_change', 'environmental', 'routine_trigger'],
  never: [
    'Coordinates of persons and devices, and access tokens: they are taken out before anything leaves the bridge.',
    'What Home Assistant itself leaves out of its logbook, such as uptimes and signal strengths.',
  ],
  config: homeAssistantConfig,
  exampleConfig,
  exampleContext,
  examples,
  translate: (event, context) => step(event, context).notifications,
  open: (host) => openHomeAssistant(host),
})
