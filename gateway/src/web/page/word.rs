//! The words of the pages themselves, each in every language the pages speak. One line a word; a language is a column.

use crate::alert::words::Language;

/// A word of the pages: Korean, English, Chinese, Japanese.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word([&'static str; 4]);

/// The column of a language in every table of the pages.
pub const fn column(language: Language) -> usize {
    language as usize
}

#[rustfmt::skip]
impl Word {
    // around every page
    pub const EXERCISE: Word = Word(["훈련입니다. 실제 상황이 아닙니다.", "EXERCISE. Nothing on this page is real.", "演习。本页内容并非真实情况。", "訓練です。実際の状況ではありません。"]);
    pub const NOT_CURRENT: Word = Word(["최신 정보가 아닙니다. 방송과 현장 안내를 따르세요.", "Not current. Follow the radio and instructions on site.", "信息不是最新的。请听广播并服从现场指挥。", "最新の情報ではありません。放送と現場の案内に従ってください。"]);
    pub const LATE: Word = Word(["이 화면은 1분이 지났습니다.", "This page is more than a minute old.", "本页内容已超过一分钟。", "この画面は1分以上前のものです。"]);
    pub const RELOAD: Word = Word(["새로 고침", "Reload", "刷新", "再読み込み"]);
    pub const FOLLOW: Word = Word(["자동으로 새로 고침", "Reload automatically", "自动刷新", "自動で更新"]);
    pub const UNFOLLOW: Word = Word(["자동 새로 고침 끄기", "Stop reloading", "停止自动刷新", "自動更新を止める"]);
    pub const LARGE: Word = Word(["큰 글씨", "Large text", "大字", "大きな文字"]);
    pub const NORMAL: Word = Word(["보통 글씨", "Normal text", "普通字号", "ふつうの文字"]);
    pub const AS_OF: Word = Word(["기준 시각", "As of", "截至", "現在時刻"]);
    pub const LAST_COMMIT: Word = Word(["마지막 자료", "last data", "最近数据", "最後のデータ"]);
    pub const NO_DATA: Word = Word(["아직 받은 자료가 없습니다.", "No data has arrived yet.", "尚未收到数据。", "まだデータがありません。"]);
    pub const SKIP: Word = Word(["본문으로", "Skip to content", "跳到正文", "本文へ"]);
    pub const LANGUAGES: Word = Word(["언어", "Language", "语言", "言語"]);
    pub const SITE: Word = Word(["화면", "Pages", "页面", "ページ"]);
    pub const MISSING: Word = Word(["그런 화면이 없습니다.", "There is no such page.", "没有这个页面。", "そのページはありません。"]);
    pub const BROKEN: Word = Word(["지금은 화면을 보여 드릴 수 없습니다. 잠시 뒤 새로 고치세요.", "The page cannot be shown now. Reload in a moment.", "暂时无法显示页面，请稍后刷新。", "今は表示できません。しばらくして再読み込みしてください。"]);
    // the pages
    pub const NOW: Word = Word(["지금 상황", "Situation now", "当前情况", "現在の状況"]);
    pub const NEAR: Word = Word(["내 주변", "Near me", "我附近", "近くの場所"]);
    pub const GUIDE: Word = Word(["행동 요령", "What to do", "怎么办", "どうすればよいか"]);
    pub const HISTORY: Word = Word(["지난 알림과 자료", "History and feeds", "历史与订阅源", "これまでのお知らせとデータ"]);
    pub const ACCESS: Word = Word(["접근성", "Accessibility", "无障碍", "アクセシビリティ"]);
    // the situation
    pub const ALERTS: Word = Word(["지금 알림", "Alerts now", "当前警示", "現在のお知らせ"]);
    pub const NO_ALERTS: Word = Word(["지금 알림이 없습니다.", "There is no alert now.", "目前没有警示。", "現在お知らせはありません。"]);
    pub const DISTRICTS: Word = Word(["지역별 상황", "By district", "各区情况", "地域ごとの状況"]);
    pub const QUIET: Word = Word(["알림 없음", "No alert", "无警示", "お知らせなし"]);
    pub const UNKNOWN: Word = Word(["확인할 수 없음", "Not known", "无法确认", "確認できません"]);
    pub const ENDED: Word = Word(["최근 끝난 상황", "Ended lately", "最近解除", "最近終わった状況"]);
    pub const MORE: Word = Word(["더 있음", "more", "更多", "件以上"]);
    // one alert
    pub const SENDER: Word = Word(["보낸 곳", "From", "发布者", "発信元"]);
    pub const WHAT: Word = Word(["무엇", "What", "事件", "何が"]);
    pub const WHERE: Word = Word(["어디", "Where", "地点", "どこで"]);
    pub const SINCE: Word = Word(["시작", "Since", "开始", "開始"]);
    pub const UPDATED: Word = Word(["갱신", "updated", "更新", "更新"]);
    pub const NEXT: Word = Word(["다음 소식", "Next update", "下次更新", "次のお知らせ"]);
    pub const AT_LATEST: Word = Word(["늦어도", "at the latest", "最迟", "遅くとも"]);
    pub const OVER: Word = Word(["상황 종료", "Over", "已解除", "終了"]);
    pub const WHY: Word = Word(["왜 알리나요?", "Why?", "为什么发布？", "なぜお知らせするのか"]);
    pub const CHECK: Word = Word(["확인한 것", "What was checked", "检查项目", "確認したこと"]);
    pub const MEASURED: Word = Word(["잰 값", "Measured", "测量值", "測定値"]);
    pub const LIMIT: Word = Word(["기준", "Limit", "标准", "基準"]);
    pub const HOLDS: Word = Word(["해당", "reached", "达到", "該当"]);
    pub const HOLDS_NOT: Word = Word(["해당 없음", "not reached", "未达到", "該当しない"]);
    pub const NOT_KNOWN: Word = Word(["알 수 없음", "unknown", "未知", "不明"]);
    pub const TIMELINE: Word = Word(["알린 내용", "What was said", "发布记录", "お知らせの記録"]);
    pub const BACK: Word = Word(["지금 상황 보기", "Situation now", "查看当前情况", "現在の状況を見る"]);
    // a chart in words
    pub const LOWEST: Word = Word(["가장 낮을 때", "lowest", "最低", "最低"]);
    pub const HIGHEST: Word = Word(["가장 높을 때", "highest", "最高", "最高"]);
    pub const LAST: Word = Word(["마지막", "last", "最近", "最新"]);
    // near me
    pub const NEAREST: Word = Word(["가까운 순서로 보기", "Show the nearest first", "按距离排序", "近い順に表示"]);
    pub const STAYS: Word = Word(["내 위치는 이 기기에서만 계산하고 어디에도 보내지 않습니다.", "Your position is used on this device only and sent nowhere.", "您的位置只在本设备上计算，不会发送到任何地方。", "位置情報はこの端末の中だけで使い、どこにも送りません。"]);
    pub const NO_POSITION: Word = Word(["위치를 알 수 없어 지역별로 보여 드립니다.", "Your position is not known: here is the list by district.", "无法获取位置，以下按区显示。", "位置が分からないため、地域ごとに表示します。"]);
    pub const NO_LIST: Word = Word(["지금은 목록을 읽을 수 없습니다. 아래 지역별 목록을 보세요.", "The list cannot be read now: see the list by district below.", "暂时无法读取列表，请看下面的分区列表。", "今は一覧を読み込めません。下の地域別の一覧をご覧ください。"]);
    pub const FOUND: Word = Word(["가까운 순서로 바꾸었습니다.", "Sorted: the nearest first.", "已按距离排序。", "近い順に並べました。"]);
    pub const SKETCH: Word = Word(["내 위치 둘레의 약도. 위쪽이 북쪽입니다. 번호는 목록의 번호입니다.", "Sketch around you, north is up. The numbers are those of the list.", "您周围的示意图，上方为北。编号与列表一致。", "あなたの周りの略図。上が北です。番号は一覧の番号です。"]);
    pub const SHELTER: Word = Word(["대피소", "Shelter", "避难所", "避難所"]);
    pub const TAKES_IN: Word = Word(["들어갈 수 있는 사람", "room for", "可容纳人数", "収容人数"]);
    pub const CHARGERS: Word = Word(["충전 배터리 대여소", "Power bank stations", "充电宝租借点", "モバイルバッテリー貸出所"]);
    pub const WIFI: Word = Word(["공공 와이파이", "Public WiFi", "公共WiFi", "公共WiFi"]);
    pub const BANKS: Word = Word(["빌릴 수 있는 배터리", "banks to borrow", "可借充电宝", "借りられるバッテリー"]);
    pub const SLOTS: Word = Word(["반납할 수 있는 칸", "free return slots", "可归还空位", "返却できる枠"]);
    pub const WORKS: Word = Word(["작동", "works", "可用", "利用可"]);
    pub const WORKS_NOT: Word = Word(["멈춤", "does not work", "不可用", "停止中"]);
    pub const NO_PLACES: Word = Word(["이 도시의 목록에는 아직 없습니다.", "This city lists none yet.", "本市目录中暂无。", "この都市の一覧にはまだありません。"]);
    // what to do
    pub const OFFLINE: Word = Word(["이 화면은 한 번 열면 인터넷이 끊겨도 볼 수 있습니다.", "Once opened, this page can be read without the Internet.", "打开一次后，断网也能查看本页。", "一度開けば、インターネットがなくても読めます。"]);
    pub const EMERGENCY: Word = Word(["위급하면 119, 범죄 신고는 112. 전화가 어려우면 119에 문자를 보내세요.", "In an emergency call 119, the police 112. If you cannot speak, send 119 a text message.", "紧急情况请拨119，报警请拨112。无法通话时可向119发短信。", "緊急のときは119、警察は112。話せないときは119にメッセージを送れます。"]);
    // history and feeds
    pub const FEEDS: Word = Word(["자동으로 받아 보기", "Feeds and open data", "订阅源与开放数据", "フィードと公開データ"]);
    pub const FEED_EVENTS: Word = Word(["나오는 즉시 받기 (server-sent events)", "As they are issued (server-sent events)", "即时推送（server-sent events）", "発信と同時に受け取る（server-sent events）"]);
    pub const FEED_ALERTS: Word = Word(["지금 알림 (JSON)", "Alerts now (JSON)", "当前警示（JSON）", "現在のお知らせ（JSON）"]);
    pub const FEED_STATIONS: Word = Word(["관측소와 마지막 값 (JSON)", "Stations and their last values (JSON)", "测站与最新数值（JSON）", "観測所と最新の値（JSON）"]);
    pub const FEED_AREAS: Word = Word(["지역 구역 (GeoJSON)", "Districts (GeoJSON)", "区域边界（GeoJSON）", "地域の区域（GeoJSON）"]);
    pub const ISSUED: Word = Word(["지금까지 알린 내용", "What was issued", "已发布的信息", "これまでのお知らせ"]);
    pub const NONE_ISSUED: Word = Word(["아직 알린 내용이 없습니다.", "Nothing was issued yet.", "尚未发布信息。", "まだお知らせはありません。"]);
    pub const OLDER: Word = Word(["더 오래된 것", "Older", "更早", "さらに前"]);

    /// The word in a language.
    pub const fn say(self, language: Language) -> &'static str {
        self.0[column(language)]
    }
}
