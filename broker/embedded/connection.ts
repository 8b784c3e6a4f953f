// One client, between its socket and Aedes. It answers publishes, PUBREL and PINGREQ itself, keeps the client's time and
// will, and passes on what sessions and subscriptions need. Not for: what becomes of a message (embedded.ts).
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from '../../component.ts'
import type { Access } from '../access.ts'
import type { Outcome } from '../bus.ts'
import { isWithinLimits } from '../filters.ts'
import { Acknowledgements, type Received } from './acknowledgements.ts'
import { type Hello, readConnect, type Will } from './connect.ts'
import * as frames from './frames.ts'
import { type Frame, Violation } from './framing.ts'
import type { Incoming, IncomingParts, Source } from './incoming.ts'
import type { EmbeddedConfig } from './limits.ts'
import type { Line } from './line.ts'
import { openLink, Writer } from './link.ts'
import type { Pressure } from './pressure.ts'
import { held, Reading } from './reading.ts'

/** What a connection needs of the broker around it. */
export interface House {
  readonly config: EmbeddedConfig
  readonly log: Logger
  readonly access: Access
  readonly pressure: Pressure
  newClientId(): string
  newLine(): Line
  /** Makes the connection the only one of its client id, and gives what its session has received. */
  enter(connection: Connection, clean: boolean): Promise<Received>
  handToAedes(link: Duplex, connection: Connection): void
  /** Takes a message in; it is settled later, or at once. */
  receive(parts: IncomingParts, source: Source, line: Line): Incoming
  /** A message is settled: what it held is free, and its `body` is shown. */
  settled(message: Incoming, outcome: Outcome): void
  left(connection: Connection): void
}

export class Connection implements Source {
  clientId = ''
  user = ''
  waitingBytes = 0
  /** Resolves when Aedes has let go of it. */
  readonly gone: Promise<void>
  readonly #house: House
  readonly #socket: Socket
  readonly #writer: Writer
  readonly #reading: Reading
  readonly #line: Line
  #acknowledgements: Acknowledgements | null = null
  #state: 'greeting' | 'entering' | 'open' | 'closed' = 'greeting'
  #link: Duplex | null = null
  #will: Will | null = null
  #keepaliveMs = 0
  #timer: NodeJS.Timeout | null
  #accepted = false
  /** The peer does not take our answers at the moment. */
  #lags = false
  #goneNow: () => void = () => {}

  constructor(socket: Socket, house: House) {
    this.#socket = socket
    this.#house = house
    this.#writer = new Writer(socket)
    this.#reading = new Reading({
      socket,
      limits: { publish: house.config.greetingBytes, other: house.config.greetingBytes },
      take: (frame) => this.#take(frame),
      alive: () => {
        if (this.#state === 'open') this.#timer?.refresh()
      },
      failed: (error) => this.#fail(error),
    })
    this.#line = house.newLine()
    this.gone = new Promise((resolve) => {
      this.#goneNow = resolve
    })
    this.#timer = setTimeout(() => this.close('no CONNECT in time'), house.config.connectTimeoutMs)
    socket.on('error', (error) => this.close(error.message))
    socket.on('close', () => this.close('connection lost'))
  }

  /** Aedes has accepted the client: what waited behind CONNECT is next. */
  accepted(): void {
    this.#accepted = true
    if (this.#state !== 'entering') {
      this.#link?.destroy()
      return
    }
    const { packetBytes, controlBytes } = this.#house.config
    this.#state = 'open'
    this.#reading.limits = { publish: packetBytes, other: controlBytes }
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = this.#keepaliveMs > 0 ? setTimeout(() => this.#checkAlive(), this.#keepaliveMs) : null
    this.#reading.release(held.entering)
  }

  /** Aedes has let go of the client. */
  left(): void {
    this.#goneNow()
  }

  /** Ends the connection; the will is published unless the client said DISCONNECT. Safe twice. */
  close(reason: string, how: 'at once' | 'after writing' = 'at once'): void {
    if (this.#state === 'closed') return
    const { log, pressure } = this.#house
    const before = this.#state
    this.#state = 'closed'
    this.#reading.end()
    log.debug({ client: this.clientId, peer: this.#socket.remoteAddress, reason }, 'connection closed')
    if (this.#timer) clearTimeout(this.#timer)
    if (how === 'at once') this.#socket.destroy()
    else this.#socket.destroySoon()
    pressure.forget(this)
    // Aedes forgets a client only if it has accepted it: one that is being accepted is closed after that.
    if (!this.#link) this.#goneNow()
    else if (before === 'open') this.#link.destroy()
    if (before === 'open' && this.#will) this.#publishWill(this.#will)
    this.#house.left(this)
  }

  /** Drops the connection's socket whatever is still to be written. */
  destroy(): void {
    this.#socket.destroy()
  }

  hold(): void {
    this.#reading.hold(held.pressure)
  }

  resume(): void {
    this.#reading.release(held.pressure)
  }

  /** No further packet is read; what was read is still answered. */
  stopReading(): void {
    this.#reading.hold(held.stopping)
  }

  settled(message: Incoming, outcome: Outcome): void {
    this.#house.settled(message, outcome)
    if (message.qos > 0 && message.packetId > 0) this.#acknowledgements?.settled(message)
  }

  #take(frame: Frame): void {
    const type = (frame.bytes[0] as number) >> 4
    if (this.#state === 'greeting') {
      if (type !== frames.type.connect) throw new Violation('the first packet is not CONNECT') // [MQTT-3.1.0-1]
      this.#greet(frame)
      return
    }
    switch (type) {
      case frames.type.publish:
        this.#publish(frame)
        break
      case frames.type.pingreq:
        frames.checkEmpty(frame)
        this.#send(frames.pingresp)
        break
      case frames.type.pubrel: {
        const packetId = frames.readPacketId(frame, 2)
        this.#acknowledgements?.release(packetId)
        this.#send(frames.pubcomp(packetId))
        break
      }
      case frames.type.puback:
      case frames.type.pubrec:
      case frames.type.pubcomp:
        frames.readPacketId(frame, 0)
        this.#passOn(frame.bytes)
        break
      case frames.type.subscribe:
      case frames.type.unsubscribe:
        frames.checkFilters(frame, type === frames.type.subscribe)
        this.#passOn(frame.bytes)
        break
      case frames.type.disconnect:
        frames.checkEmpty(frame)
        this.#will = null // [MQTT-3.14.4-3]
        this.close('disconnected', 'after writing')
        break
      default:
        throw new Violation(`unexpected packet type ${type}`) // [MQTT-3.1.0-2]
    }
  }

  #greet(frame: Frame): void {
    this.#state = 'entering'
    this.#reading.hold(held.entering)
    const hello = readConnect(frame)
    if (typeof hello === 'number') this.#refuse(hello)
    else this.#enter(hello).catch((error) => this.#fail(error))
  }

  async #enter(hello: Hello): Promise<void> {
    const { access, config } = this.#house
    const who = await access.authenticate(hello.username, hello.password)
    if (this.#state === 'closed') return
    if ('refused' in who) {
      const { badCredentials, notAuthorized } = frames.refusal
      return this.#refuse(who.refused === 'wrong' ? badCredentials : notAuthorized)
    }
    if (hello.will && !access.authorizePublish(who.user, hello.will.topic)) {
      return this.#refuse(frames.refusal.notAuthorized)
    }
    this.clientId = hello.clientId || this.#house.newClientId()
    this.user = who.user
    const received = await this.#house.enter(this, hello.clean)
    if ((this.#state as string) === 'closed') return this.#house.left(this)
    this.#acknowledgements = new Acknowledgements(received, (bytes) => this.#send(bytes))
    this.#will = hello.will
    this.#keepaliveMs = hello.keepalive * 1_500 // [MQTT-3.1.2-24]
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.close('not accepted in time'), config.connectTimeoutMs)
    this.#link = openLink({
      socket: this.#socket,
      writer: this.#writer,
      wanted: () => this.#reading.release(held.sessions),
      closed: () => {
        this.close('ended by the session layer')
        if (!this.#accepted) this.#goneNow()
      },
    })
    this.#house.handToAedes(this.#link, this)
    this.#link.push(hello.forAedes(this.clientId))
  }

  #refuse(code: frames.Refusal): void {
    this.#house.log.info({ client: this.clientId, peer: this.#socket.remoteAddress, code }, 'a client was refused')
    this.#socket.write(frames.connack(code))
    this.close(`refused with code ${code}`, 'after writing') // [MQTT-3.2.2-5]
  }

  #publish(frame: Frame): void {
    const publish = frames.readPublish(frame)
    // MQTT 3.1.1 can only acknowledge it all the same or close [MQTT-3.3.5-2], and who sends it again would close for ever.
    const refused = !isWithinLimits(publish.topic) || !this.#house.access.authorizePublish(this.user, publish.topic)
    if (refused)
      this.#house.log.warn({ client: this.clientId, topic: publish.topic.slice(0, 200) }, 'a publish was refused')
    if (publish.qos > 0 && this.#acknowledgements?.joins(publish)) return
    const message = this.#house.receive({ ...publish, refused }, this, this.#line)
    if (publish.qos > 0) this.#acknowledgements?.owe(message)
  }

  #publishWill(will: Will): void {
    if (!this.#house.access.authorizePublish(this.user, will.topic)) return
    this.#house.receive({ ...will, packetId: 0, size: will.payload.length }, this, this.#line)
  }

  #passOn(bytes: Buffer): void {
    if (!this.#link?.push(bytes)) this.#reading.hold(held.sessions)
  }

  #send(bytes: Buffer): void {
    if (this.#state === 'closed' || this.#writer.write(bytes) || this.#lags) return
    this.#lags = true
    this.#reading.hold(held.answers)
    this.#socket.once('drain', () => {
      this.#lags = false
      this.#reading.release(held.answers)
    })
  }

  /**
   * The client's time is up, unless it is we who do not read. What it sent while this process was busy is read first:
   * timers come before sockets in the event loop.
   */
  #checkAlive(): void {
    const seen = this.#socket.bytesRead
    setImmediate(() =>
      setImmediate(() => {
        if (this.#state === 'closed') return
        if (!this.#reading.isHeld && this.#socket.bytesRead === seen) return this.close('keepalive timeout')
        this.#timer?.refresh()
      }),
    )
  }

  #fail(error: unknown): void {
    const known = error instanceof Violation
    const about = { client: this.clientId, peer: this.#socket.remoteAddress, err: known ? undefined : error }
    if (known) this.#house.log.info({ ...about, reason: error.message }, 'a client broke the protocol')
    else this.#house.log.error(about, 'a connection failed')
    this.close(known ? error.message : 'internal error')
  }
}
