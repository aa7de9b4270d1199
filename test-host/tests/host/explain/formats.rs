//! Pictures and pages of policies, also of those whose names are chosen to break them.

use seawall_policy::explain::{Body, BodyFacts, Explainer, Request};
use seawall_test_host::explain::{html, json, mermaid, svg};

use crate::bless;

const DEMO: &str = include_str!("../../../../envoy/demo.seawall");
const WHOLE: &str = include_str!("../../../../policy-dsl/tests/explain/whole.seawall");

/// Texts that mean something to XML, HTML, Mermaid and Markdown, and texts that are too long.
const HOSTILE: &str = r##"seawall 1
target a_name_that_is_so_long_that_it_fits_on_no_card_however_wide_it_i {
  cluster "cluster.with.a.name.of.more.than.a.hundred.characters.in.some.namespace.of.some.mesh.somewhere.svc.cluster.local"
  provider openai
  model "</text><script>alert('1')</script> & \"]; click r0 href \"javascript:alert(1)\" #quot; `x` | 模型模型模型模型模型模型模型"
}
target b { cluster "b-->c"  provider openai  model "]]>" }
target c { like b } target d { like b } target e { like b } target f { like b } target g { like b }
target h { like b } target i { like b } target j { like b }
breaker k { }
route end {
  match path "/<svg/onload=alert(1)>/%%{init:{}}%%/and/so/on/and/so/on/and/so/on/and/so/on/and/so/on/and/so/on/and/so/on*"
  when `model in ["<b>", "\"]", "-->"] && headers["x"] != "</svg>"`
  try a_name_that_is_so_long_that_it_fits_on_no_card_however_wide_it_i
  then b then c then d then e then f then g then h then i then j
  breaker k
}
route subgraph {
  match path "/2"
  try a_name_that_is_so_long_that_it_fits_on_no_card_however_wide_it_i, b, c, d, e, f, g, h, i, j weighted 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
}
route graph { match path "/3"  try b, c, d, e, f, g, h, i, j, a_name_that_is_so_long_that_it_fits_on_no_card_however_wide_it_i }
"##;

fn request() -> Request {
    let facts = BodyFacts { model: Some("<b>".into()), messages: 1, ..BodyFacts::default() };
    let headers = vec![("authorization".into(), "Bearer sk-secret-1234".into())];
    let path = "/v1/chat/completions".into();
    Request { path, headers, body: Body::Json(facts), ..Request::default() }
}

#[test]
fn pictures_are_as_recorded() {
    for (name, source) in [("demo", DEMO), ("whole", WHOLE), ("hostile", HOSTILE)] {
        let picture = Explainer::new(source).unwrap().picture();
        bless::same(&format!("explain-{name}.svg"), &svg::render(&picture));
        bless::same(&format!("explain-{name}.mmd"), &mermaid::render(&picture));
    }
}

#[test]
fn an_explanation_as_json_is_as_recorded() {
    let explainer = Explainer::new(DEMO).unwrap();
    let text = json::render(&explainer, &explainer.request(&request()), Some(&request())).unwrap();
    bless::same("explain-demo.json", &text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["route"], &value["supported"]), (&"chat".into(), &true.into()));
    let text = json::render(&explainer, &explainer.summary(), None).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value.get("route").is_none() && value["sections"].as_array().unwrap().len() > 3);
    let elsewhere = Request { path: "/".into(), ..request() };
    let text = json::render(&explainer, &explainer.request(&elsewhere), Some(&elsewhere)).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value["route"].is_null() && value.get("route").is_some());
}

/// Every element of a picture is one that it is made of, and the tags are balanced.
fn well_formed(svg: &str) {
    use ::svg::node::element::tag::Type;
    use ::svg::parser::Event;
    let known = ["svg", "title", "defs", "marker", "path", "rect", "g", "text", "circle", "line"];
    let mut open = Vec::new();
    for event in ::svg::read(svg).unwrap() {
        match event {
            Event::Tag(name, kind, _) => {
                assert!(known.contains(&name), "{name}");
                match kind {
                    Type::Start => open.push(name.to_owned()),
                    Type::End => assert_eq!(open.pop().as_deref(), Some(name)),
                    Type::Empty => {}
                }
            }
            Event::Error(error) => panic!("{error}"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn hostile_names_stay_text() {
    let explainer = Explainer::new(HOSTILE).unwrap();
    let picture = svg::render(&explainer.picture());
    well_formed(&picture);
    for tag in ["<script", "<svg/onload", "<b>", "]]>"] {
        assert!(!picture.contains(tag), "{tag}");
    }
    for document in [explainer.summary(), explainer.request(&request())] {
        let page = html::render(&document, Some(&picture));
        assert!(page.contains("&lt;script&gt;") || !page.contains("script"), "{page}");
        for tag in ["<script", "<svg/onload", "</svg>\""] {
            assert!(!page.contains(tag), "{tag}");
        }
    }
    let chart = mermaid::render(&explainer.picture());
    for line in chart.lines().skip(2).filter(|line| line.contains('"')) {
        // What stands between the quotes is text, and only line breaks and what is bold are tags.
        let inside: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        assert_eq!(line.matches('"').count() % 2, 0, "{line}");
        for text in inside {
            let text = text.replace("<br/>", "").replace("<b>", "").replace("</b>", "");
            assert!(!text.contains(['<', '>', '[', ']', '{', '}', '`', '|', '(', ')']), "{line}");
        }
    }
    for name in explainer.policy().targets.iter().map(|target| &target.name) {
        let start: String = name.chars().take(20).collect();
        assert!(picture.contains(&start) && chart.contains(&start), "{name}");
    }
}

/// `x`, `y`, `width` and `height` of every rectangle with a border of its own colour, but for frames.
fn cards(svg: &str) -> Vec<[f32; 4]> {
    let attribute = |line: &str, name: &str| -> Option<f32> {
        line.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.parse().ok()
    };
    svg.lines()
        .filter(|line| line.starts_with("<rect") && (line.contains("#f8fafc") || line.contains("#eef2ff")))
        .filter_map(|line| {
            Some([
                attribute(line, "x")?,
                attribute(line, "y")?,
                attribute(line, "width")?,
                attribute(line, "height")?,
            ])
        })
        .collect()
}

#[test]
fn no_two_cards_overlap_and_all_lie_in_the_picture() {
    for source in [DEMO, WHOLE, HOSTILE] {
        let explainer = Explainer::new(source).unwrap();
        let svg = svg::render(&explainer.picture());
        let cards = cards(&svg);
        let targets: usize = explainer.policy().routes.iter().map(|route| route.targets().count()).sum();
        assert_eq!(cards.len(), targets + explainer.policy().routes.len());
        let view = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split('"').next().unwrap();
        let [width, height] =
            view.split(' ').map(|size| size.parse::<f32>().unwrap()).collect::<Vec<_>>()[..]
        else {
            panic!("{view}")
        };
        for (index, [x, y, w, h]) in cards.iter().enumerate() {
            assert!(*x >= 0.0 && *y >= 0.0 && x + w <= width && y + h <= height);
            for [other_x, other_y, other_w, other_h] in cards.iter().skip(index + 1) {
                let apart = x + w <= *other_x
                    || other_x + other_w <= *x
                    || y + h <= *other_y
                    || other_y + other_h <= *y;
                assert!(apart, "{x} {y} and {other_x} {other_y}");
            }
        }
    }
}

#[test]
fn a_page_needs_nothing_else() {
    let explainer = Explainer::new(WHOLE).unwrap();
    let page = html::render(&explainer.summary(), Some(&svg::render(&explainer.picture())));
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg"));
    for outside in ["src=", "href=", "@import", "url(http", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
}
