// What a device is told about the way to its house.
import { describe, expect, test } from 'vitest'
import type { Listening } from './operation.ts'
import { reachOf } from './reach.ts'

const site = (host: string, allowedHosts: string[] = []) => ({ host, port: 8420, allowedHosts })
const everywhere: Listening = { http: site('0.0.0.0'), mqtt: { host: '0.0.0.0', port: 1883 }, broker: null }
const loopback: Listening = { http: site('127.0.0.1'), mqtt: { host: '127.0.0.1', port: 1883 }, broker: null }
const addresses = ['192.168.1.5', 'fd00::5']

describe('without options', () => {
  test('what listens everywhere is reached under an address of the machine', () => {
    expect(reachOf(everywhere, {}, addresses)).toEqual({
      house: 'http://192.168.1.5:8420',
      broker: 'mqtt://192.168.1.5:1883',
      notes: [],
    })
  })

  test('what listens on one address is reached there', () => {
    const listening = { http: site('fd00::5'), mqtt: { host: '192.168.1.5', port: 1884 }, broker: null }
    expect(reachOf(listening, {}, addresses)).toEqual({
      house: 'http://[fd00::5]:8420',
      broker: 'mqtt://192.168.1.5:1884',
      notes: [],
    })
  })

  test('loopback is told, with the settings that change it', () => {
    const { house, broker, notes } = reachOf(loopback, {}, addresses)
    expect([house, broker]).toEqual(['http://127.0.0.1:8420', 'mqtt://127.0.0.1:1883'])
    expect(notes).toEqual([expect.stringContaining('Set http.host'), expect.stringContaining('Set mqtt.host')])
  })

  test('a machine without a network has only loopback', () => {
    expect(reachOf(everywhere, {}, [])).toMatchObject({ house: 'http://127.0.0.1:8420', notes: [{}, {}] })
  })

  test('a broker that is not ours is named as the house reaches it, also if only the house does', () => {
    const foreign = { ...everywhere, mqtt: null }
    expect(reachOf({ ...foreign, broker: 'mqtts://broker.lan' }, {}, addresses)).toMatchObject({
      broker: 'mqtts://broker.lan',
      notes: [],
    })
    expect(reachOf({ ...foreign, broker: 'mqtt://localhost:1883' }, {}, addresses).notes).toEqual([
      expect.stringMatching(/broker\.url.*--broker/),
    ])
  })

  test('there may be no broker at all', () => {
    expect(reachOf({ ...everywhere, mqtt: null }, {}, addresses)).toMatchObject({ broker: null, notes: [] })
  })
})

describe('with --house and --broker', () => {
  test('they win', () => {
    const given = { house: 'http://192.168.1.5:8420/', broker: 'wss://day.example/mqtt' }
    expect(reachOf(loopback, given, addresses)).toEqual({
      house: 'http://192.168.1.5:8420',
      broker: 'wss://day.example/mqtt',
      notes: [],
    })
  })

  test('a name that HTTP would refuse is told, with the setting that lets it in', () => {
    const given = { house: 'https://day.example' }
    expect(reachOf(everywhere, given, addresses).notes).toEqual([
      expect.stringMatching(/http\.allowedHosts.*"day\.example"/),
    ])
    expect(reachOf({ ...everywhere, http: site('0.0.0.0', ['day.example']) }, given, addresses).notes).toEqual([])
  })

  test('loopback is told as what it is on the device', () => {
    const given = { house: 'http://localhost:8420', broker: 'mqtt://[::1]:1883' }
    expect(reachOf(everywhere, given, addresses).notes).toEqual([
      expect.stringContaining('--house'),
      expect.stringContaining('--broker'),
    ])
  })
})
