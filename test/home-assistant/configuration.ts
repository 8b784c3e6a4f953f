// The house that the journey lives in: one of each kind of thing, and Home Assistant's own demo of many more. Not for:
// what is done in it.

/** `configuration.yaml` for a Home Assistant that listens on 127.0.0.1 only. */
export function configuration(port: number): string {
  return `
homeassistant:
  name: Test house
  latitude: 0
  longitude: 0
  elevation: 0
  unit_system: metric
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: ${port}
api:
websocket_api:
config:
history:
logbook:
recorder:
demo:
person:
  - id: alex
    name: Alex
    device_trackers: [device_tracker.alex_phone]
device_tracker:
zone:
  - name: Work
    latitude: 1
    longitude: 1
    radius: 100
input_boolean:
  hall_motion: {name: Hall motion}
  hall_lamp: {name: Hall lamp}
  guest_mode: {name: Guest mode}
input_number:
  target: {name: Target, min: 0, max: 100, step: 0.5, unit_of_measurement: "°C"}
input_select:
  house_mode: {name: House mode, options: [Home, Away, Night]}
input_button:
  doorbell: {name: Doorbell}
template:
  - binary_sensor:
      - name: Hall motion sensor
        unique_id: journey_hall_motion
        device_class: motion
        state: "{{ is_state('input_boolean.hall_motion', 'on') }}"
  - sensor:
      - name: Hall temperature
        unique_id: journey_hall_temperature
        device_class: temperature
        state_class: measurement
        unit_of_measurement: "°C"
        state: "{{ states('input_number.target') | float(0) }}"
automation:
  - id: hall_lamp
    alias: Hall lamp follows motion
    mode: queued
    trigger: [{platform: state, entity_id: binary_sensor.hall_motion_sensor, to: ["on", "off"]}]
    action: [{service: "input_boolean.turn_{{ trigger.to_state.state }}", target: {entity_id: input_boolean.hall_lamp}}]
script:
  good_night:
    alias: Good night
    sequence:
      - {service: input_select.select_option, target: {entity_id: input_select.house_mode}, data: {option: Night}}
      - {service: input_boolean.turn_off, target: {entity_id: input_boolean.guest_mode}}
scene:
  - id: evening
    name: Evening
    entities: {input_boolean.guest_mode: "on"}
logger:
  default: warning
`
}
