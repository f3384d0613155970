//! From what went wrong to what a person reads: source excerpt, label and help, all mistakes of a kind together.
//!
//! Errors on their way to `main` are `miette::Report`s. A [`Mistake`] of the pure crates becomes one through
//! [`Problem`]; several travel as [`Problems`]. How they look is decided once, in [`render`].

use bongsu_rules::language::korean;
use bongsu_sensors::mistake::Mistake;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Report, Severity,
    SourceCode, SourceSpan, SpanContents,
};
use std::fmt;
use std::io::IsTerminal;
use std::ops::Range;

/// Columns where nobody says how many there are. A log is read with tools that search lines, so nothing is folded.
const UNFOLDED: usize = 1_000;

/// One mistake with its excerpt.
#[derive(Debug)]
pub struct Problem {
    mistake: Mistake,
    severity: Severity,
}

impl Problem {
    /// A mistake that stops what was asked for.
    pub fn error(mistake: Mistake) -> Problem {
        Problem { mistake, severity: Severity::Error }
    }

    /// Something allowed that was probably not meant.
    pub fn warning(mistake: Mistake) -> Problem {
        Problem { mistake, severity: Severity::Warning }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A mistake in a whole file or variable has no line to point at: its name must be said all the same.
        if self.has_excerpt() {
            f.write_str(&self.mistake.message)
        } else {
            write!(f, "{}: {}", self.mistake.origin.source.name, self.mistake.message)
        }
    }
}

impl Problem {
    fn has_excerpt(&self) -> bool {
        !self.mistake.origin.source.text.is_empty()
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.mistake.remedy.is_empty()).then(|| Box::new(&self.mistake.remedy) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.has_excerpt().then_some(self as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if !self.has_excerpt() {
            return None;
        }
        Some(Box::new(std::iter::once(LabeledSpan::underline(first_line(&self.mistake)))))
    }
}

/// The marked bytes, cut at the end of their first line: a mistake about a whole table must not print all of it.
fn first_line(mistake: &Mistake) -> Range<usize> {
    let text = &mistake.origin.source.text;
    let start = mistake.origin.span.start.min(text.len());
    let end = mistake.origin.span.end.clamp(start, text.len());
    let marked = text.as_bytes().get(start..end).unwrap_or_default();
    start..start + marked.iter().position(|byte| *byte == b'\n').unwrap_or(marked.len())
}

impl SourceCode for Problem {
    /// The marked line and no other, whatever context is asked for: a neighbour may hold a secret.
    ///
    /// Without context the renderer asks for the place it prints as `file:line:column`, with it for the excerpt.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let source = &self.mistake.origin.source;
        let text = source.text.as_bytes();
        let at = span.offset().min(text.len());
        let start = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let length = text[start..].iter().position(|byte| *byte == b'\n').unwrap_or(text.len() - start);
        let (line, column) = source.line_column(at);
        let column = if before == 0 && after == 0 { column - 1 } else { 0 };
        let whole = SourceSpan::from((start, length));
        let text = &text[start..start + length];
        Ok(Box::new(MietteSpanContents::new_named(source.name.clone(), text, whole, line - 1, column, 1)))
    }
}

/// All mistakes of one reading.
#[derive(Debug)]
pub struct Problems {
    headline: String,
    all: Vec<Problem>,
}

impl Problems {
    /// Mistakes that stop what was asked for, under a headline such as "the configuration cannot be used".
    pub fn errors(headline: impl Into<String>, mistakes: Vec<Mistake>) -> Problems {
        let all: Vec<Problem> = mistakes.into_iter().map(Problem::error).collect();
        let count = match all.len() {
            1 => "1 mistake".to_owned(),
            count => format!("{count} mistakes"),
        };
        Problems { headline: format!("{}: {count}", headline.into()), all }
    }
}

/// In which language mistakes are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Korean, where there are words for it.
    Ko,
}

impl Language {
    /// What the environment asks for, as programs usually read it.
    pub fn of_environment() -> Language {
        let named = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
        let wanted = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(named).unwrap_or_default();
        if wanted.starts_with("ko") { Language::Ko } else { Language::En }
    }
}

/// Says the mistakes of a report in a language.
pub fn speak(report: &mut Report, language: Language) {
    if let (Language::Ko, Some(problems)) = (language, report.downcast_mut::<Problems>()) {
        for problem in &mut problems.all {
            problem.mistake = korean::mistake(&problem.mistake);
        }
        if let Some(headline) = korean::translate(&problems.headline) {
            problems.headline = headline;
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline)
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.all.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// How reports look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// For a terminal of so many columns.
    Coloured(usize),
    /// For a pipe, a log, or a person who set `NO_COLOR`: ASCII, one line a sentence.
    Plain,
}

impl Look {
    /// How reports to standard error look.
    pub fn of_stderr() -> Look {
        let silent = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if silent || !std::io::stderr().is_terminal() {
            return Look::Plain;
        }
        let size = rustix::termios::tcgetwinsize(std::io::stderr());
        Look::Coloured(size.map_or(80, |size| usize::from(size.ws_col)).max(40))
    }
}

/// A report as text.
pub fn render(report: &Report, look: Look) -> String {
    render_diagnostic(report.as_ref(), look)
}

/// Warnings as text; empty where there are none.
pub fn render_warnings(warnings: &[Mistake], look: Look) -> String {
    warnings.iter().map(|warning| render_diagnostic(&Problem::warning(warning.clone()), look)).collect()
}

fn render_diagnostic(diagnostic: &dyn Diagnostic, look: Look) -> String {
    let (theme, width) = match look {
        Look::Coloured(width) => (GraphicalTheme::unicode(), width),
        Look::Plain => (GraphicalTheme::none(), UNFOLDED),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, diagnostic) {
        Ok(()) => text,
        Err(_) => format!("{diagnostic}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sensors::mistake::{Origin, Source};

    fn mistake(text: &str, marked: &str) -> Mistake {
        let start = text.find(marked).expect("marked");
        let origin = Origin { source: Source::new("bongsu.toml", text), span: start..start + marked.len() };
        Mistake::new(&origin, "unknown key `listn`", "did you mean `listen`?")
    }

    #[test]
    fn several_mistakes_are_printed_together_with_excerpt_and_help() {
        let text = "[mqtt]\npassword = \"s3cret\"\nlistn = \"x\"\nothr = 1\n";
        let report = Report::new(Problems::errors(
            "the configuration cannot be used",
            vec![mistake(text, "listn"), mistake(text, "othr")],
        ));
        let plain = render(&report, Look::Plain);
        insta::assert_snapshot!("plain", plain);
        assert!(!plain.contains("s3cret"), "a neighbouring line is printed: {plain}");
        let coloured = render(&report, Look::Coloured(100));
        assert!(coloured.contains('\u{1b}') && !plain.contains('\u{1b}'));
    }

    #[test]
    fn mistakes_are_told_in_korean_where_it_is_asked_for() {
        let told = |language: Language| {
            let mistakes = vec![mistake("listn = 1\n", "listn")];
            let mut report = Report::new(Problems::errors("the rules cannot be used", mistakes));
            speak(&mut report, language);
            render(&report, Look::Plain)
        };
        let korean = told(Language::Ko);
        for words in [
            "규칙을 쓸 수 없습니다: 잘못 1건",
            "`listn`(이)라는 항목이 없습니다",
            "`listen`을(를) 뜻하셨습니까?",
            "listn = 1",
        ] {
            assert!(korean.contains(words), "{words} is not in {korean}");
        }
        assert!(told(Language::En).contains("unknown key `listn`"));
    }

    #[test]
    fn a_mistake_without_text_still_names_its_file() {
        let origin = Origin { source: Source::new("gone.toml", ""), span: 0..0 };
        let told = render(&Report::new(Problem::error(Mistake::new(&origin, "failed to read", ""))), Look::Plain);
        assert!(told.contains("gone.toml: failed to read"), "{told}");
    }

    #[test]
    fn a_mark_over_many_lines_or_past_the_end_is_cut() {
        let told = render_warnings(&[mistake("[a]\nb = 1\nc = 2\n", "b = 1\nc = 2")], Look::Plain);
        assert!(told.contains("b = 1") && !told.contains("c = 2"), "{told}");
        let origin = Origin { source: Source::new("x", "가"), span: 1..99 };
        assert!(render_warnings(&[Mistake::new(&origin, "odd", "")], Look::Plain).contains("odd"));
    }
}
