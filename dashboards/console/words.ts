// The words of the console, Korean and English: one line a word. Operators read the names of levels that their manuals
// use; citizens never see them.

const WORDS = {
  // frame
  situation: ["상황판", "Situation"],
  inbox: ["받은 일", "Inbox"],
  exercises: ["훈련", "Exercises"],
  audit: ["기록", "Audit"],
  wall: ["상황실 화면", "Wall"],
  leaveWall: ["상황실 화면 닫기", "Leave wall"],
  logout: ["로그아웃", "Log out"],
  skip: ["본문으로", "Skip to content"],
  pages: ["화면", "Pages"],
  language: ["English", "한국어"],
  publicPage: ["시민 화면", "Citizens' page"],
  exerciseBand: ["훈련: 여기 있는 것은 실제 상황이 아닙니다", "EXERCISE: nothing here is real"],
  notCurrent: ["최신 정보가 아닙니다. 시스템 상태를 확인하세요.", "Not current. Check the system."],
  asOf: ["기준", "As of"],
  missing: ["그런 화면이 없습니다.", "There is no such page."],
  loading: ["읽는 중…", "Loading…"],
  failed: ["읽지 못했습니다", "It could not be read"],
  retry: ["다시 시도", "Try again"],
  cancelled: ["그만두기", "Cancel"],
  close: ["닫기", "Close"],
  more: ["더 보기", "Show more"],
  of: ["중", "of"],
  none: ["없음", "none"],
  // login
  login: ["로그인", "Log in"],
  user: ["이름", "User name"],
  password: ["비밀번호", "Password"],
  code: ["일회용 번호 (쓰는 경우)", "One-time code (if you use one)"],
  loginFailed: ["이름이나 비밀번호가 맞지 않습니다.", "The name or the password is wrong."],
  tooMany: ["너무 여러 번 틀렸습니다. 잠시 뒤 다시 하세요.", "Too many attempts. Try again later."],
  welcome: ["처음 오셨습니다", "Welcome"],
  welcomeText: ["첫 관리자를 만듭니다. 이 주소는 한 번만 쓸 수 있습니다.", "Make the first administrator. This address works once."],
  welcomeGone: ["이 주소는 이미 썼거나 맞지 않습니다. 로그인하거나, 서버를 다시 시작하면 새 주소가 나옵니다.", "This address was used already or is wrong. Log in, or restart the server for a new one."],
  passwordRule: ["12자 이상. 길수록 좋습니다.", "At least 12 characters. Longer is better."],
  create: ["관리자 만들기", "Make the administrator"],
  // levels and states
  advisory: ["관심", "Advisory"],
  watch: ["주의", "Watch"],
  warning: ["경계", "Warning"],
  emergency: ["심각", "Emergency"],
  calm: ["정상", "Normal"],
  raised: ["내부 판단", "Raised"],
  proposed: ["승인 대기", "Proposed"],
  issued: ["발령", "Issued"],
  ended: ["종료", "Ended"],
  cancelledState: ["취소", "Cancelled"],
  rejected: ["기각", "Rejected"],
  silent: ["무응답", "Silent"],
  doubtful: ["의심", "Doubtful"],
  // situation
  map: ["지도", "Map"],
  mapHint: ["같은 내용이 아래 표에 있습니다.", "The table below says the same."],
  zoomIn: ["확대", "Zoom in"],
  zoomOut: ["축소", "Zoom out"],
  filter: ["보일 시설", "Show"],
  all: ["모두", "All"],
  onlyTrouble: ["이상 있는 곳만", "Only where something is wrong"],
  timeBack: ["시각 (지난 24시간)", "Time (last 24 hours)"],
  now: ["지금", "Now"],
  past: ["지난 시각을 보고 있습니다", "You are looking at the past"],
  backToNow: ["지금으로", "Back to now"],
  districts: ["지역", "Districts"],
  stations: ["관측소", "Stations"],
  station: ["관측소", "Station"],
  district: ["지역", "District"],
  system: ["시설", "System"],
  value: ["값", "Value"],
  time: ["시각", "Time"],
  state: ["상태", "State"],
  level: ["단계", "Level"],
  incidents: ["상황", "Incidents"],
  noIncidents: ["지금 열린 상황이 없습니다.", "No incident is open."],
  search: ["이름으로 찾기", "Find by name"],
  legend: ["기호", "Symbols"],
  // inbox
  deadline: ["기한", "Deadline"],
  overdue: ["기한 지남", "overdue"],
  escalated: ["다음 사람에게 넘어감", "went to the next person"],
  acknowledge: ["확인함", "Acknowledge"],
  acknowledged: ["확인", "Acknowledged"],
  by: ["담당", "by"],
  owner: ["담당자", "Owner"],
  takeIt: ["내가 맡기", "Take it"],
  open: ["열기", "Open"],
  waiting: ["승인 대기", "waiting"],
  unseen: ["미확인", "not acknowledged"],
  mine: ["내 담당", "mine"],
  inboxKeys: ["목록에서: ↑ ↓ 이동, Enter 열기, A 확인함", "In the list: ↑ ↓ move, Enter opens, A acknowledges"],
  showEnded: ["끝난 것도 보기", "Show ended ones"],
  emptyInbox: ["할 일이 없습니다.", "Nothing to do."],
  newProposal: ["새 승인 요청", "New proposal"],
  forOperators: ["내부용", "operators only"],
  forPublic: ["시민에게", "public"],
  // incident
  why: ["왜?", "Why?"],
  check: ["확인한 것", "Check"],
  measured: ["잰 값", "Measured"],
  limit: ["기준", "Limit"],
  result: ["결과", "Result"],
  reached: ["해당", "reached"],
  notReached: ["해당 없음", "not reached"],
  unknown: ["알 수 없음", "unknown"],
  noEvidence: ["근거가 기록되지 않았습니다.", "No evidence was recorded."],
  rule: ["규칙", "Rule"],
  audience: ["받는 사람", "Audience"],
  area: ["지역", "Area"],
  onset: ["시작", "Since"],
  updated: ["바뀜", "Changed"],
  proposal: ["승인 요청", "Proposal"],
  approve: ["승인하고 내보내기", "Approve and issue"],
  approveShort: ["승인", "Approve"],
  reject: ["기각", "Reject"],
  allClear: ["상황 종료 알리기", "Send the all-clear"],
  falseAlarm: ["잘못 알림 취소", "Cancel as false alarm"],
  corrections: ["바로잡기", "Correct or end"],
  reason: ["이유", "Reason"],
  reasonEnd: ["위험이 지나갔음을 현장에서 확인했습니다.", "Confirmed on site: the danger has passed."],
  reasonCancel: ["센서 오류로 잘못 나간 알림입니다.", "Issued by mistake: the sensor was wrong."],
  reasonReject: ["현장 확인 결과 위험이 없습니다.", "Checked on site: no danger."],
  population: ["알릴 사람 수", "People reached"],
  typePopulation: ["확인을 위해 알릴 사람 수를 입력하세요", "Type the number of people reached to confirm"],
  secondPerson: ["다른 한 사람의 승인이 더 필요합니다.", "A second person must approve as well."],
  approvals: ["승인한 사람", "Approved by"],
  changed: ["그 사이 내용이 바뀌었습니다. 다시 읽고 승인하세요.", "It has changed meanwhile. Read it again before you approve."],
  done: ["처리했습니다.", "Done."],
  preview: ["나갈 글", "What will be said"],
  characters: ["자", "characters"],
  onPublic: ["시민 화면에서 보기", "On the citizens' page"],
  timeline: ["경과", "Timeline"],
  notes: ["메모", "Notes"],
  addNote: ["메모 남기기", "Add a note"],
  note: ["메모", "Note"],
  deliveries: ["전달", "Deliveries"],
  noDeliveries: ["전달 기록이 없습니다.", "No deliveries are recorded."],
  channel: ["경로", "Channel"],
  attempts: ["시도", "Attempts"],
  reports: ["시민 제보", "Citizens' reports"],
  silence: ["알림 멈춤", "Silenced"],
  hydrograph: ["수위 그래프", "Hydrograph"],
  fired: ["판단 시점", "decided"],
  // station
  last6: ["6시간", "6 h"],
  last24: ["24시간", "24 h"],
  last7d: ["7일", "7 d"],
  span: ["기간", "Span"],
  quantity: ["항목", "Quantity"],
  rate: ["변화 속도", "Rate"],
  eta: ["다음 단계까지", "To the next level"],
  falling: ["오르지 않음", "not rising"],
  aboveAll: ["가장 높은 단계 이상", "at the highest level"],
  neighbours: ["이웃 관측소", "Neighbours"],
  upstream: ["상류", "upstream"],
  downstream: ["하류", "downstream"],
  nearby: ["가까움", "near"],
  values: ["값 표", "Values"],
  flag: ["품질", "Quality"],
  csv: ["CSV 내려받기", "Download CSV"],
  noData: ["이 기간에 자료가 없습니다.", "No data in this span."],
  gap: ["자료 없음", "no data"],
  rejectedPoint: ["믿지 않은 값", "rejected value"],
  lastValue: ["마지막 값", "Last value"],
  // exercises
  exerciseTitle: ["훈련 시작", "Start an exercise"],
  exerciseText: ["훈련은 bongsu/v1/exercise 주제로만 나가고, 모든 글이 [훈련]으로 시작합니다. 실제 상황과 섞이지 않습니다.", "An exercise goes to the bongsu/v1/exercise topics only, and every text begins with [EXERCISE]. It never mixes with what is real."],
  hazard: ["재난", "Hazard"],
  start: ["훈련 시작", "Start the exercise"],
  end: ["끝내기", "End"],
  running: ["진행 중인 훈련", "Running exercises"],
  // people
  people: ["사람", "People"],
  role: ["역할", "Role"],
  viewer: ["보기만", "Viewer"],
  operator: ["상황 근무", "Operator"],
  approver: ["승인", "Approver"],
  ruleAuthor: ["규칙 작성", "Rule author"],
  admin: ["관리자", "Administrator"],
  invite: ["초대", "Invite"],
  invited: ["초대함", "invited"],
  active: ["사용 중", "active"],
  disabled: ["사용 중지", "disabled"],
  disable: ["사용 중지", "Disable"],
  oneTimeLink: ["이 주소를 그 사람에게만 주세요. 한 번만 쓸 수 있고 다시 보이지 않습니다.", "Give this address to that person only. It works once and is not shown again."],
  choosePassword: ["쓸 비밀번호를 정하세요. 이 주소는 한 번만 쓸 수 있습니다.", "Choose your password. This address works once."],
  begin: ["시작하기", "Begin"],
  // audit
  who: ["누가", "Who"],
  action: ["무엇을", "What"],
  subject: ["대상", "Subject"],
  detail: ["내용", "Detail"],
  older: ["더 오래된 것", "Older"],
  newer: ["더 새로운 것", "Newer"],
  withoutGeometry: ["이 지역은 지도 경계가 없습니다. 그래도 내보냅니다.", "This area has no shape on the map. Issue it all the same."],
  channels: ["나갈 경로", "Channels"],
  reasonExercise: ["훈련을 마칩니다.", "The exercise is over."],
} as const;

export type Key = keyof typeof WORDS;
export type Tongue = "ko" | "en";

const KEPT = "bongsu-language";

const remembered = (): string | null => {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    // A browser that keeps nothing asks the browser's language every time.
    return null;
  }
};

export const tongue: Tongue = (remembered() ?? navigator.language).startsWith("ko") ? "ko" : "en";

/** The other language from now on. */
export function switchTongue(): void {
  try {
    localStorage.setItem(KEPT, tongue === "ko" ? "en" : "ko");
  } finally {
    location.reload();
  }
}

/** A word in the operator's language. */
export const say = (key: Key): string => WORDS[key][tongue === "ko" ? 0 : 1];

/** A text that has several languages, in the operator's; in any where that one is missing. */
export const pick = (texts: Record<string, string> | undefined, otherwise = ""): string =>
  texts?.[tongue] ?? texts?.en ?? Object.values(texts ?? {})[0] ?? otherwise;
