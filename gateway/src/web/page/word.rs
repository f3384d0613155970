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
    pub const SUBSCRIBE: Word = Word(["알림 받기", "Get alerts", "接收通知", "お知らせを受け取る"]);
    pub const REPORT: Word = Word(["본 것 알리기", "Report what you see", "报告所见", "見たことを知らせる"]);
    pub const HISTORY: Word = Word(["지난 알림과 자료", "History and feeds", "历史与订阅源", "これまでのお知らせとデータ"]);
    pub const ACCESS: Word = Word(["접근성", "Accessibility", "无障碍", "アクセシビリティ"]);
    // the situation
    pub const ALERTS: Word = Word(["지금 알림", "Alerts now", "当前警示", "現在のお知らせ"]);
    pub const NO_ALERTS: Word = Word(["지금 알림이 없습니다.", "There is no alert now.", "目前没有警示。", "現在お知らせはありません。"]);
    pub const DISTRICTS: Word = Word(["지역별 상황", "By district", "各区情况", "地域ごとの状況"]);
    pub const QUIET: Word = Word(["알림 없음", "No alert", "无警示", "お知らせなし"]);
    pub const UNKNOWN: Word = Word(["확인할 수 없음", "Not known", "无法确认", "確認できません"]);
    pub const NOT_NOW: Word = Word(["새 자료가 들어오지 않아 확인할 수 없음", "Not known: no new data arrives", "无法确认：没有新数据", "確認できません：新しいデータが届いていません"]);
    pub const SILENT: Word = Word(["이때부터 새 값 없음:", "no new value since", "此后无新数据：", "以後の新しい値なし："]);
    pub const DOUBTED: Word = Word(["값을 믿을 수 없음:", "the value is in doubt:", "数值存疑：", "値が疑わしい："]);
    pub const NEVER: Word = Word(["아직 받은 값 없음", "nothing received yet", "尚未收到数据", "まだ受信していません"]);
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
    pub const FELL: Word = Word(["모든 기준 아래로 내려온 때:", "Below every limit since", "降到所有标准以下的时间：", "すべての基準を下回った時刻："]);
    pub const STANDS: Word = Word(["다시 오를 수 있어 알림은 그대로 유지됩니다.", "It may rise again, so the alert stands.", "水位可能再次上涨，因此通知继续有效。", "再び上がるおそれがあるため、お知らせは続いています。"]);
    pub const LIMIT: Word = Word(["기준", "Limit", "标准", "基準"]);
    pub const HOLDS: Word = Word(["해당", "reached", "达到", "該当"]);
    pub const HOLDS_NOT: Word = Word(["해당 없음", "not reached", "未达到", "該当しない"]);
    pub const NOT_KNOWN: Word = Word(["알 수 없음: 쓸 수 있는 자료가 모자람", "unknown: too little usable data", "未知：可用数据不足", "不明：使えるデータが足りません"]);
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
    pub const FEED_ATOM: Word = Word(["알림 피드 (Atom)", "Alerts as a feed (Atom)", "警示订阅源（Atom）", "お知らせのフィード（Atom）"]);
    pub const FEED_EVENTS: Word = Word(["나오는 즉시 받기 (server-sent events)", "As they are issued (server-sent events)", "即时推送（server-sent events）", "発信と同時に受け取る（server-sent events）"]);
    pub const FEED_ALERTS: Word = Word(["지금 알림 (JSON)", "Alerts now (JSON)", "当前警示（JSON）", "現在のお知らせ（JSON）"]);
    pub const FEED_STATIONS: Word = Word(["관측소와 마지막 값 (JSON)", "Stations and their last values (JSON)", "测站与最新数值（JSON）", "観測所と最新の値（JSON）"]);
    pub const FEED_AREAS: Word = Word(["지역 구역 (GeoJSON)", "Districts (GeoJSON)", "区域边界（GeoJSON）", "地域の区域（GeoJSON）"]);
    pub const ISSUED: Word = Word(["지금까지 알린 내용", "What was issued", "已发布的信息", "これまでのお知らせ"]);
    pub const NONE_ISSUED: Word = Word(["아직 알린 내용이 없습니다.", "Nothing was issued yet.", "尚未发布信息。", "まだお知らせはありません。"]);
    pub const OLDER: Word = Word(["더 오래된 것", "Older", "更早", "さらに前"]);
    // forms
    pub const NOT_SENT: Word = Word(["아직 보내지 않았습니다.", "It was not sent yet.", "尚未发送。", "まだ送られていません。"]);
    pub const WRONG_ADDRESS: Word = Word(["이메일 주소를 name@example.com처럼 적어 주세요.", "Write the e-mail address like name@example.com.", "请按 name@example.com 的格式填写邮箱。", "メールアドレスは name@example.com のように書いてください。"]);
    pub const WRONG_AREA: Word = Word(["목록에서 지역을 고르세요.", "Choose an area from the list.", "请从列表中选择地区。", "一覧から地域を選んでください。"]);
    pub const WRONG_SIGHT: Word = Word(["그림 하나를 고르세요.", "Choose one of the pictures.", "请选择一幅图。", "絵を一つ選んでください。"]);
    pub const WRONG_CHOICE: Word = Word(["목록에 있는 것을 고르세요.", "Choose something from the list.", "请从列表中选择。", "一覧から選んでください。"]);
    pub const TOO_OFTEN: Word = Word(["잠시 전에 이미 보냈습니다. 10분 뒤에 다시 보내 주세요.", "It was sent a moment ago already. Try again in ten minutes.", "刚才已经发送过，请十分钟后再试。", "少し前に送られています。10分後にもう一度お試しください。"]);
    pub const NO_CHANNEL: Word = Word(["이 도시는 이 방법으로 알리지 않습니다.", "This city does not send alerts this way.", "本市不使用这种方式发送通知。", "この都市ではこの方法でお知らせしていません。"]);
    pub const CANNOT_STORE: Word = Word(["지금은 저장할 수 없습니다. 잠시 뒤 다시 보내 주세요.", "It cannot be stored now. Send it again in a moment.", "暂时无法保存，请稍后再发送。", "今は保存できません。少し後でもう一度送ってください。"]);
    pub const CHOOSE: Word = Word(["고르세요", "Choose", "请选择", "選んでください"]);
    pub const SEND: Word = Word(["보내기", "Send", "发送", "送る"]);
    // subscribe
    pub const SUBSCRIBE_TEXT: Word = Word(["고른 곳에 위험이 생기면 알려 드리고, 지나가면 지나갔다고 알려 드립니다.", "You are told when there is danger where you choose, and told when it is over.", "所选地区出现危险时通知您，解除时也会通知。", "選んだ地域に危険があるとき、そして終わったときにお知らせします。"]);
    pub const WHERE_TO_HEAR: Word = Word(["어디 소식을 받을까요?", "Where?", "接收哪些地区的通知？", "どの地域のお知らせですか"]);
    pub const NONE_IS_ALL: Word = Word(["고르지 않으면 도시 전체입니다.", "Choose none for the whole city.", "不选则为全市。", "選ばなければ市内全域です。"]);
    pub const HOW_BAD: Word = Word(["얼마나 위험할 때부터 받을까요?", "From how much danger on?", "从哪种危险程度开始？", "どの程度の危険から受け取りますか"]);
    pub const AND_ABOVE: Word = Word(["부터", "and worse", "及以上", "以上"]);
    pub const ONLY_SOME: Word = Word(["일부 재난만 받기", "Only some dangers", "只接收部分灾害", "一部の災害だけ受け取る"]);
    pub const WHICH: Word = Word(["어떤 재난인가요? 고르지 않으면 모두입니다.", "Which dangers? Choose none for all.", "哪些灾害？不选则为全部。", "どの災害ですか。選ばなければすべてです。"]);
    pub const BY_MAIL: Word = Word(["이메일로 받기", "By e-mail", "通过电子邮件", "メールで受け取る"]);
    pub const ADDRESS: Word = Word(["이메일 주소", "E-mail address", "邮箱地址", "メールアドレス"]);
    pub const MAIL_TEXT: Word = Word(["확인 메일이 갑니다. 주소는 알림에만 쓰고, 확인하지 않으면 이틀 뒤에, 그만 받으면 바로 지웁니다.", "A letter asks you to confirm. The address is used for alerts only, and erased after two days if you do not confirm, or at once when you unsubscribe.", "您会收到确认邮件。地址只用于发送通知；两天内未确认或退订后立即删除。", "確認のメールが届きます。アドレスはお知らせだけに使い、確認がなければ二日後に、配信を止めればすぐに消去します。"]);
    pub const ON_DEVICE: Word = Word(["이 기기에서 받기", "On this device", "在本设备上接收", "この端末で受け取る"]);
    pub const PUSH_NONE: Word = Word(["이 브라우저는 알림을 받을 수 없습니다. 스크립트를 켜거나, 아이폰이라면 이 사이트를 홈 화면에 추가해 여세요.", "This browser cannot show alerts. Allow scripts; on an iPhone, add this site to the home screen and open it there.", "此浏览器无法接收通知。请启用脚本；iPhone请将本站添加到主屏幕后打开。", "このブラウザではお知らせを表示できません。スクリプトを許可するか、iPhoneではホーム画面に追加して開いてください。"]);
    pub const PUSH_BEGIN: Word = Word(["이 기기에서 알림 받기", "Show alerts on this device", "在本设备上显示通知", "この端末にお知らせを表示"]);
    pub const PUSH_END: Word = Word(["이 기기에서 그만 받기", "Stop on this device", "停止在本设备上接收", "この端末での受け取りを止める"]);
    pub const PUSH_ON: Word = Word(["이 기기에서 알림을 받습니다.", "This device will show alerts.", "本设备将显示通知。", "この端末でお知らせを受け取ります。"]);
    pub const PUSH_OFF: Word = Word(["이 기기에서 더 받지 않습니다.", "This device shows no alerts any more.", "本设备不再接收通知。", "この端末では受け取りません。"]);
    pub const PUSH_DENIED: Word = Word(["브라우저가 알림을 막았습니다. 브라우저 설정에서 이 사이트의 알림을 허용하세요.", "The browser blocks notifications. Allow them for this site in its settings.", "浏览器阻止了通知。请在设置中允许本站发送通知。", "ブラウザが通知を止めています。設定でこのサイトの通知を許可してください。"]);
    pub const PUSH_FAILED: Word = Word(["지금은 되지 않습니다. 잠시 뒤 다시 누르거나 이메일로 받으세요.", "It does not work now. Try again in a moment, or use e-mail.", "暂时无法完成，请稍后再试或改用邮件。", "今はできません。後でもう一度試すか、メールをご利用ください。"]);
    pub const NO_WAY: Word = Word(["이 도시는 아직 이메일이나 기기 알림을 보내지 않습니다.", "This city sends no e-mails and no notifications yet.", "本市尚未提供邮件或设备通知。", "この都市ではまだメールや端末への通知を送っていません。"]);
    pub const OTHER_WAYS: Word = Word(["다른 방법", "Other ways", "其他方式", "ほかの方法"]);
    // report
    pub const NO_RESCUE: Word = Word(["구조 요청이 아닙니다. 도움이 필요하면 119에 전화하세요.", "This is no call for help. If you need help, call 119.", "这不是求救渠道。需要帮助请拨打119。", "救助の要請ではありません。助けが必要なら119に電話してください。"]);
    pub const REPORT_TEXT: Word = Word(["안전한 곳에서 그림 하나를 고르면 상황 근무자가 봅니다.", "From a safe place, choose one picture. The officers on duty will see it.", "请在安全的地方选择一幅图，值班人员会看到。", "安全な場所で絵を一つ選んでください。担当者が確認します。"]);
    pub const WHERE_SEEN: Word = Word(["어디인가요?", "Where is it?", "在哪里？", "どこですか"]);
    pub const WHAT_IT_IS: Word = Word(["어떤 재난인가요? (몰라도 됩니다)", "What is it part of? (optional)", "属于哪种灾害？（可不选）", "どの災害ですか（分からなくてもかまいません）"]);
    pub const NOT_SURE: Word = Word(["잘 모름", "Not sure", "不清楚", "分からない"]);
    pub const REPORT_KEPT: Word = Word(["이름이나 위치는 보내지 않습니다. 같은 기기의 제보를 구별하는 임의의 번호만 함께 갑니다.", "Neither your name nor your position is sent, only a random number that tells devices apart.", "不会发送姓名或位置，只附带一个区分设备的随机号码。", "名前や位置は送りません。端末を区別する無作為の番号だけが付きます。"]);

    /// The word in a language.
    pub const fn say(self, language: Language) -> &'static str {
        self.0[column(language)]
    }
}
