// Which stretch of time somebody means.
import { expect, test } from 'vitest'
import { stretchOf } from './past.ts'

const zone = 'Europe/Berlin'
const now = Date.parse('2026-11-25T10:00:00+01:00')
const said = (day: string | undefined, from: string, to?: string) => {
  const { since, until } = stretchOf({ day, from, to }, now, zone)
  return [since, until].map((time) => new Date(time).toISOString())
}

test('without a day it is the last one on which the time has come', () => {
  expect(said(undefined, '08:00', '09:30')).toEqual(['2026-11-25T07:00:00.000Z', '2026-11-25T08:30:00.000Z'])
  expect(said(undefined, '18:00', '19:00')).toEqual(['2026-11-24T17:00:00.000Z', '2026-11-24T18:00:00.000Z'])
  expect(said(undefined, '9:15')).toEqual(['2026-11-25T08:15:00.000Z', '2026-11-25T09:00:00.000Z'])
})

test('a day may be named; without an end it goes on to midnight', () => {
  expect(said('2026-11-17', '18:30', '19:00')).toEqual(['2026-11-17T17:30:00.000Z', '2026-11-17T18:00:00.000Z'])
  expect(said('yesterday', '22:00')).toEqual(['2026-11-24T21:00:00.000Z', '2026-11-24T23:00:00.000Z'])
})

test('an end before the beginning is on the next day', () => {
  expect(said('2026-11-17', '22:00', '06:00')).toEqual(['2026-11-17T21:00:00.000Z', '2026-11-18T05:00:00.000Z'])
  expect(said('2026-11-17', '06:00', '06:00')).toEqual(['2026-11-17T05:00:00.000Z', '2026-11-18T05:00:00.000Z'])
})

test('a day on which the clocks change is as long as it is', () => {
  expect(said('2026-10-25', '00:00')).toEqual(['2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'])
  expect(said('2026-10-24', '22:00', '06:00')).toEqual(['2026-10-24T20:00:00.000Z', '2026-10-25T05:00:00.000Z'])
  expect(said('2026-03-29', '00:00', '04:00')).toEqual(['2026-03-28T23:00:00.000Z', '2026-03-29T02:00:00.000Z'])
})

test('an hour that the clocks leave out is empty, not a day', () => {
  const [three, halfPast] = ['2026-03-29T01:00:00.000Z', '2026-03-29T01:30:00.000Z']
  expect(said('2026-03-29', '02:00', '03:00')).toEqual([three, three])
  expect(said('2026-03-29', '02:30', '3:00')).toEqual([halfPast, halfPast])
  expect(said('2026-03-29', '02:30', '03:30')).toEqual([halfPast, halfPast])
  expect(said('2026-03-29', '02:30', '02:30')).toEqual(['2026-03-29T01:30:00.000Z', '2026-03-30T00:30:00.000Z'])
  expect(said('2026-03-28', '02:30', '02:15')).toEqual(['2026-03-28T01:30:00.000Z', '2026-03-29T01:15:00.000Z'])
})

test('of an hour that is there twice, both are played', () => {
  expect(said('2026-10-25', '02:30', '02:45')).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-25T01:45:00.000Z'])
  expect(said('2026-10-25', '01:00', '02:30')).toEqual(['2026-10-24T23:00:00.000Z', '2026-10-25T01:30:00.000Z'])
  expect(said('2026-10-24', '22:00', '02:30')).toEqual(['2026-10-24T20:00:00.000Z', '2026-10-25T01:30:00.000Z'])
})

test.each([
  [undefined, 'noon', undefined, '--from noon'],
  [undefined, '08:00', '25:00', '--to 25:00'],
  ['Tuesday', '08:00', undefined, '--day Tuesday'],
  ['2026-02-30', '08:00', undefined, '--day 2026-02-30'],
])('day %s from %s to %s is refused', (day, from, to, why) => {
  expect(() => said(day, from, to)).toThrow(why)
})
