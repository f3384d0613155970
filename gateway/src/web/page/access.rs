//! The accessibility statement: what is promised, how it is checked, what is missing, and whom to tell.

use super::Ink;
use super::frame::{self, Site};
use super::word::{Word, column};
use maud::{Markup, html};

/// What is promised and how it is checked, a paragraph each.
const PROMISED: [[&str; 4]; 4] = [
    [
        "이 화면들은 웹 콘텐츠 접근성 지침 WCAG 2.2 AA와 한국형 웹 콘텐츠 접근성 지침 KWCAG 2.2를 따르도록 만들었습니다.",
        "These pages are made to meet WCAG 2.2 level AA and the Korean guidelines KWCAG 2.2.",
        "本站页面按照 WCAG 2.2 AA 级及韩国 KWCAG 2.2 制作。",
        "これらのページは WCAG 2.2 レベル AA と韓国の KWCAG 2.2 に沿って作られています。",
    ],
    [
        "스크립트 없이 읽을 수 있고, 키보드만으로 쓸 수 있으며, 위험은 색과 모양과 말로 함께 나타냅니다. 그래프마다 같은 내용의 글이나 표가 있습니다.",
        "They can be read without scripts and used with a keyboard alone. Danger is shown by colour, shape and words together, and every chart has its values in words or a table.",
        "无需脚本即可阅读，仅用键盘即可操作。危险程度同时用颜色、形状和文字表示，每张图都有文字或表格说明。",
        "スクリプトなしで読め、キーボードだけで使えます。危険は色と形と言葉で示し、図には必ず文章か表が付きます。",
    ],
    [
        "글씨는 네 배까지 키워도 잘리지 않고, 기기가 정한 밝기와 움직임과 고대비 설정을 따릅니다. '큰 글씨'를 누르면 모든 화면이 커집니다.",
        "Text can be enlarged four times without being cut. Dark mode, reduced motion and high contrast follow your device. \u{201c}Large text\u{201d} enlarges every page.",
        "文字放大四倍也不会被截断，并遵循设备的深色、减少动画和高对比度设置。点“大字”可放大所有页面。",
        "文字は四倍に拡大しても切れません。端末の明暗・動き・コントラストの設定に従います。「大きな文字」で全ページが大きくなります。",
    ],
    [
        "공개할 때마다 axe-core로 모든 화면을 검사하고 키보드만으로 써 봅니다.",
        "Before each release every page is checked with axe-core and used with a keyboard alone.",
        "每次发布前都用 axe-core 检查所有页面，并仅用键盘试用。",
        "公開のたびに axe-core で全ページを検査し、キーボードだけで操作を確かめます。",
    ],
];

/// What is missing.
const MISSING: [&str; 4] = [
    "아직 없는 것: 수어 영상, 쉬운 글로 쓴 알림, 실제 화면 낭독기 사용자의 평가.",
    "What is still missing: sign-language videos, alerts in plain language, and an evaluation by people who use screen readers.",
    "尚缺：手语视频、易读版警示，以及读屏用户的评测。",
    "まだないもの：手話動画、やさしい言葉のお知らせ、スクリーンリーダー利用者による評価。",
];

/// Whom to tell.
const TELL: [&str; 4] = [
    "쓰기 어려운 곳이 있으면 이 화면을 보낸 곳에 알려 주세요.",
    "If something is hard to use, tell whoever sends these warnings:",
    "如有使用不便，请告诉发布者：",
    "使いにくいところがあれば、発信元にお知らせください：",
];

/// The page.
pub fn page(ink: &Ink<'_>) -> Markup {
    let at = column(ink.language);
    let title = Word::ACCESS.say(ink.language);
    let body = html! {
        h1 { (title) }
        @for paragraph in PROMISED { p { (paragraph[at]) } }
        p { (MISSING[at]) }
        p { (TELL[at]) " " strong { (ink.shared.settings.sender_name) } }
    };
    frame::page(ink, Site::Accessibility, title, &body)
}
