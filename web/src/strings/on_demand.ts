/**
 * The texts that a page of numbers does without: those of parts that are loaded when they are used, and of `<tick-chart>`
 * alone. Apart from the others, so that they come with what shows them. Knows no elements.
 */

export const onDemandStrings = {
  close: "Close",

  helpIntro:
    "Drag to pan, Shift-drag to select a range, scroll or pinch to zoom, double-click to reset the view. This affects only your screen.",
  helpKeys: "Keyboard shortcuts",
  helpSwitches: "On this device",
  usesKeys: "Single-key shortcuts, such as L or 1",
  readsSummary: "Describe the view to screen readers every ten seconds",
  or: "or",

  table: "Newest records in view",
  tableTime: "Time",
  tableSeq: "Record",
  tableTopic: "Topic",
  tableEmpty: "No records in view",

  statistics: "Statistics",
  statisticsLoading: "Reading the records…",
  statisticsRange: (from: string, to: string) =>
    `From ${from} to ${to}; hold Shift and drag to choose a range`,
  statisticsSeries: "Series",
  minimum: "Minimum",
  maximum: "Maximum",
  mean: "Mean",
  count: "Values",

  columns: "Columns",
  columnsOf: (topic: string) => `Columns of ${topic}`,
  columnsHint: "What is drawn. The others stay in the records, in the table and in files that are saved.",
  findColumn: "Search columns",
  columnsFound: (found: number, all: number) => `${found} of ${all} found`,
  columnsNone: "No column has this name",
  columnsDrawn: (drawn: number, all: number) => `${drawn} of ${all} drawn`,
  allColumns: "All",
  noColumns: "None",
  firstColumns: "First eight",
  kinds: { number: "", state: "states", text: "texts", list: "arrays" },

  axes: "Value axes",
  arrangement: "Arrangement",
  arrangements: { stacked: "A panel for each unit", overlaid: "All in one panel" },
  axesHint:
    "On this device. Empty fields are automatic; if all of a series are empty, the hub’s settings apply.",
  limits: { min: "Minimum", max: "Maximum", warnBelow: "Low below", warnAbove: "High above" },
  limitsOrder: "The minimum must be less than the maximum",
  automatic: "auto",

  /** The keyboard commands. */
  commands: {
    pause: "Pause or resume",
    live: "Jump to live, or rejoin the replay",
    back: "Previous record; with Shift, ten records back",
    forward: "Next record; with Shift, ten records ahead",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    series: "Show or hide a series; with Shift, show only that one",
    reset: "Reset view",
    copyLink: "Copy link to this moment",
    savePng: "Save image",
    json: "Show or hide the whole record at the crosshair",
    theme: "Next theme",
    fullscreen: "Full screen",
    kiosk: "Wall display",
    leave: "Close the panel, else leave the wall display, hide the crosshair, reset the zoom: one per press",
    help: "Help",
  },

  states: "States",
  texts: "Texts, newest first",
  arrays: "Arrays",
  arraySummary: (count: number, low: string, high: string) => `${count} values, ${low} … ${high}`,
  json: "Record",
  recordTitle: (seq: string, time: string) => `Record ${seq}, ${time}`,
  recordLoading: "Loading the record…",

  /** Problems of the address. */
  topicsLeftOut: (most: number, names: string) =>
    `The address has more than ${most} topics. Not shown: ${names}. Choose them in the list of topics, in place of others`,
  addressMoment: (text: string) =>
    `“${text}” in the address is not a moment, such as a link to one has; showing the newest record`,
  addressColumns: (names: string) => `In the address, but not in the records: ${names}`,
  addressSwitch: (name: string, text: string) =>
    `“${name}=${text}” in the address is neither 1 nor 0; it is off`,

  csvTooLong: (rows: string) => `Only the first ${rows} records were saved; choose a shorter range`,
  csvOtherEpoch: "The topic started a new timeline during the download; nothing was saved",
  csvFailed: "The hub did not respond; nothing was saved",
  csvEmpty: "No records in this range",
  pictureFailed: "The image could not be created",
} as const;

/** Of the menu. */
export const menuStrings = {
  goTo: (zone: string) => `Go to time (${zone})`,
  timeProblems: {
    malformed: "Type a time such as 19:40 or 2026-11-30 19:40:20; an offset such as +01:00 may follow.",
    skipped: "Clocks went forward and skipped this time on that day.",
  },
  go: "Go",
  share: "Share",
  copyLink: "Copy link to this moment",
  copyJs: "Copy JavaScript snippet",
  save: "Save",
  savePng: "Save image (PNG)",
  saveCsv: "Save records (CSV)",
  showTable: "Show as table",
  showJson: "Show the whole record (JSON)",
  showStatistics: "Statistics of the view",
  showAxes: "Value axes",
  appearance: "Appearance",
  theme: "Theme",
  nextTheme: "Next theme",
  kiosk: "Wall display",
  fullscreen: "Full screen",
  interfaces: "For developers",
  topicList: "Topics",
  httpInterface: "HTTP API",
  streamInterface: "Streaming API",
} as const;

/** Options in the address of the page, or in attributes of `<tick-chart>`, that cannot be met. */
export const optionStrings = {
  inAddress: "in the address",
  inAttribute: (name: string) => `in the attribute ${name}`,
  notWindow: (text: string, place: string, shown: string) =>
    `“${text}” ${place} is not a time window, such as 30s; showing ${shown}`,
  windowRange: (text: string, place: string, least: string, most: string, shown: string) =>
    `“${text}” ${place} is not between ${least} and ${most}; showing ${shown}`,
  notTheme: (text: string, place: string, known: string) => `“${text}” ${place} is not a theme: ${known}`,
} as const;

/** Of `<tick-chart>` alone, which draws lines only. */
export const elementStrings = {
  notDrawn: (names: string) => `Not drawn here: ${names}.`,
  wholePage: "Open the hub’s page",
  noHub: "Invalid hub URL",
  noHubHint:
    "It must start with https:// or http://; a page loaded over https:// needs a hub with https:// too.",
} as const;
