// What the WakaTime bridge makes of what it is sent: documentation, contract test and dry run. The first request is one of
// wakatime-cli 1.90 as it was recorded, with another path; the browser's is as its extension 4.1 builds it. Not for: order
// and lateness (stretch.test.ts, teller.test.ts).
import type { BridgeExample } from '../bridge.ts'
import type { Sent } from './dry.ts'

export const exampleConfig = { timeoutMinutes: 15 }
export const exampleContext = { space: 'home', now: 1_795_395_000_000 }

const agent = 'wakatime/v1.90.0 (linux-6.8.0-unknown) go1.26.8 vscode/1.90.0 vscode-wakatime/24.6.0'
const main = {
  branch: 'master',
  category: 'coding',
  cursorpos: 7,
  entity: '/home/ada/shop/main.go',
  type: 'file',
  is_write: true,
  language: 'Go',
  lineno: 3,
  lines: 5,
  project: 'shop',
  project_root_count: 5,
  user_agent: agent,
}

export const examples: BridgeExample<Sent>[] = [
  {
    title: 'Two heartbeats of a file within the timeout are one stretch of editing',
    input: {
      userAgent: agent,
      machine: 'laptop',
      heartbeats: [
        { ...main, time: 1795394000.5 },
        { ...main, is_write: false, lines: 9, time: 1795394120.25 },
      ],
    },
    output: [
      {
        source: 'vscode',
        type: 'edit',
        summary: 'Edited main.go in shop (master)',
        timestamp: 1795394120250,
        duration: 119750,
        phase: 'end',
        data: {
          file: '/home/ada/shop/main.go',
          project: 'shop',
          language: 'Go',
          branch: 'master',
          lines: 9,
          category: 'coding',
          machine: 'laptop',
          editor: 'vscode',
          writes: 1,
          heartbeats: 2,
          cursorpos: 7,
          lineno: 3,
          os: 'linux',
        },
      },
    ],
  },
  {
    title: 'A page, as the browser extension tells it: the project that was last is not its own',
    input: {
      userAgent: '',
      machine: '',
      heartbeats: [
        {
          entity: 'https://docs.example.org/guide',
          type: 'url',
          category: null,
          project: '<<LAST_PROJECT>>',
          branch: '<<LAST_BRANCH>>',
          plugin: 'Chrome/140.0.0.0 linux_x86-64 chrome-wakatime/4.1.1',
          time: '1795394300.125',
        },
      ],
    },
    output: [
      {
        source: 'browser',
        type: 'visit',
        summary: 'Visited docs.example.org',
        timestamp: 1795394300125,
        duration: 0,
        data: {
          url: 'https://docs.example.org/guide',
          domain: 'docs.example.org',
          category: 'browsing',
          editor: 'chrome',
          heartbeats: 1,
          os: 'linux',
        },
      },
    ],
  },
  {
    title: 'An app in front, and an editor that names itself in no way',
    input: {
      userAgent: 'curl/8.9',
      machine: 'desktop',
      heartbeats: [
        { entity: 'Slack', type: 'app', category: 'communicating', time: 1795394400 },
        { entity: '/home/ada/notes.txt', time: 1795394460 },
      ],
    },
    output: [
      {
        source: 'window',
        type: 'focus',
        summary: 'Used Slack',
        timestamp: 1795394460000,
        duration: 60000,
        data: { app: 'Slack', category: 'communicating', machine: 'desktop', heartbeats: 1 },
      },
      {
        source: 'editor',
        type: 'edit',
        summary: 'Edited notes.txt',
        timestamp: 1795394460000,
        duration: 0,
        data: { file: '/home/ada/notes.txt', category: 'coding', machine: 'desktop', writes: 0, heartbeats: 1 },
      },
    ],
  },
  {
    title: 'What an AI writes runs beside what the person does, with its figures',
    input: {
      userAgent: 'wakatime/v1.139.1 (darwin-25.1.0-arm64) go1.25.5 claude-code/2.1.3 claude-code-wakatime/3.1.4',
      machine: 'laptop',
      heartbeats: [
        {
          ...main,
          user_agent: undefined,
          category: 'ai coding',
          ai_line_changes: 12,
          ai_model: 'opus',
          time: 1795394500,
        },
        {
          ...main,
          user_agent: undefined,
          category: 'ai coding',
          ai_line_changes: 30,
          ai_model: 'opus',
          time: 1795394590,
        },
      ],
    },
    output: [
      {
        source: 'claude_code',
        type: 'edit',
        summary: 'An AI edited main.go in shop (master)',
        timestamp: 1795394590000,
        duration: 90000,
      },
    ],
  },
]
