use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    policy::Enforcement,
    secret::{MasterSecret, Secret},
    standing::WaitRule,
};

const MINUTE: Duration = Duration::from_mins(1);

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
}

/// One number with its challenges, judged by the default rules.
struct Scene {
    book: Arc<CodeBook>,
    standing: Standing,
    rules: AnswerRules,
    opened: u128,
}

impl Scene {
    fn new() -> Self {
        let master = MasterSecret::new(Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue")).unwrap();
        let rules = AnswerRules {
            challenge: ChallengePolicy::default(),
            number: NumberPolicy::default(),
        };
        let book = Arc::new(CodeBook::new(&master, &[], Vec::new()));
        Self {
            book,
            standing: Standing::default(),
            rules,
            opened: 0,
        }
    }

    fn phone() -> PhoneNumber {
        PhoneNumber::from_e164("+989121234567").unwrap()
    }

    fn try_open(&mut self, now: Timestamp) -> Result<Challenge, Wait> {
        self.opened += 1;
        let challenge = Challenge {
            id: ChallengeId::from_uuid(Uuid::from_u128(self.opened)),
            phone: Self::phone(),
            key_version: self.book.current_version(),
            code_length: CodeLength::COMPATIBLE,
            language: "fa".to_owned(),
            app_hash: None,
            created_at: now,
            expires_at: now.plus(self.rules.challenge.lifetime),
            wrong_answers: 0,
            state: ChallengeState::Open,
        };
        open(&challenge, &mut self.standing, &self.rules.number, now).map(|_| challenge)
    }

    fn open(&mut self, now: Timestamp) -> Challenge {
        self.try_open(now).expect("the number need not wait")
    }

    fn answer(&self, code: Code) -> Answer {
        Answer {
            phone: Self::phone(),
            code,
            book: Arc::clone(&self.book),
        }
    }

    fn right(&mut self, challenge: &mut Challenge, now: Timestamp) -> Verdict {
        let code = self.book.code(&challenge.code_subject()).unwrap();
        let answer = self.answer(code);
        judge(&answer, challenge, &mut self.standing, &self.rules, now)
    }

    fn wrong(&mut self, challenge: &mut Challenge, now: Timestamp) -> Verdict {
        let right = self.book.code(&challenge.code_subject()).unwrap();
        let number = (right.expose().parse::<u32>().unwrap() + 1) % 100_000;
        let answer = self.answer(Code::parse(&format!("{number:05}")).unwrap());
        judge(&answer, challenge, &mut self.standing, &self.rules, now)
    }
}

fn is_right(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Right { .. })
}

#[test]
fn a_right_code_is_right_once() {
    let mut scene = Scene::new();
    let mut challenge = scene.open(at(0));

    assert!(is_right(&scene.right(&mut challenge, at(5))));
    assert_eq!(scene.right(&mut challenge, at(5)), Verdict::Dead);
}

#[test]
fn a_code_lives_until_its_last_moment() {
    let mut scene = Scene::new();
    let mut challenge = scene.open(at(0));
    let mut copy = challenge.clone();

    assert_eq!(scene.right(&mut challenge, at(120)), Verdict::Dead);
    let last_moment = Timestamp::from_millis(at(120).as_millis() - 1);
    assert!(is_right(&scene.right(&mut copy, last_moment)));
}

#[test]
fn t01_the_last_wrong_answer_ends_the_challenge() {
    let mut scene = Scene::new();
    let mut challenge = scene.open(at(0));

    assert_eq!(
        scene.wrong(&mut challenge, at(1)),
        Verdict::Wrong { left: 2 }
    );
    assert_eq!(
        scene.wrong(&mut challenge, at(2)),
        Verdict::Wrong { left: 1 }
    );
    assert_eq!(
        scene.wrong(&mut challenge, at(3)),
        Verdict::Wrong { left: 0 }
    );
    assert_eq!(scene.right(&mut challenge, at(4)), Verdict::Dead);
}

#[test]
fn another_numbers_answer_is_not_compared() {
    let mut scene = Scene::new();
    let mut challenge = scene.open(at(0));
    let code = scene.book.code(&challenge.code_subject()).unwrap();
    let phone = PhoneNumber::from_e164("+989121234568").unwrap();
    let answer = Answer {
        phone,
        ..scene.answer(code)
    };
    let before = (challenge.clone(), scene.standing.clone());

    let verdict = judge(
        &answer,
        &mut challenge,
        &mut scene.standing,
        &scene.rules,
        at(1),
    );

    assert_eq!(verdict, Verdict::Dead);
    assert_eq!((challenge, scene.standing), before);
}

#[test]
fn success_names_the_siblings_that_end_with_it() {
    let mut scene = Scene::new();
    scene.rules.number.enforcement = Enforcement::Off;
    let first = scene.open(at(0));
    let mut second = scene.open(at(1));
    let third = scene.open(at(2));

    let verdict = scene.right(&mut second, at(3));

    assert_eq!(
        verdict,
        Verdict::Right {
            siblings: vec![first.id, third.id]
        }
    );
}

#[test]
fn the_wait_between_codes_grows_and_starts_over_after_a_login() {
    let mut scene = Scene::new();
    let wait = |scene: &mut Scene, now| scene.try_open(now).map(|_| ()).unwrap_err();
    let _ = scene.open(at(0));
    assert_eq!(
        wait(&mut scene, at(29)),
        Wait {
            rule: WaitRule::CoolDown,
            until: at(30)
        }
    );

    let mut second = scene.open(at(30));
    assert_eq!(
        wait(&mut scene, at(89)),
        Wait {
            rule: WaitRule::CoolDown,
            until: at(90)
        }
    );

    assert!(is_right(&scene.right(&mut second, at(89))));
    scene.open(at(89 + 1));
}

#[test]
fn the_wait_starts_over_after_a_day() {
    let mut scene = Scene::new();
    for start in [0, 30, 700] {
        let _ = scene.open(at(start));
    }
    let next_day = 700 + 24 * 3600;
    let _ = scene.open(at(next_day));

    assert!(scene.try_open(at(next_day + 29)).is_err());
    let _ = scene.open(at(next_day + 30));
}

#[test]
fn t03_only_so_many_challenges_are_live() {
    let mut scene = Scene::new();
    scene.rules.number.cool_down = "1s".parse().unwrap();
    scene.rules.number.sends = "100/1h".parse().unwrap();
    for start in 0..3 {
        let _ = scene.open(at(start));
    }

    let wait = scene.try_open(at(60)).map(|_| ()).unwrap_err();

    assert_eq!(
        wait,
        Wait {
            rule: WaitRule::LiveChallenges,
            until: at(120)
        }
    );
    let _ = scene.open(at(120));
}

#[test]
fn t15_one_number_gets_ten_codes_a_day_whoever_asks() {
    let mut scene = Scene::new();

    let sent = (0..24 * 3600)
        .filter(|second| scene.try_open(at(*second)).is_ok())
        .count();

    assert_eq!(sent, 10);
}

/// SECURITY.md §2.2, policy D: an attacker who asks for a new code whenever it is allowed and
/// guesses wherever an answer is heard.
#[test]
fn t02_new_codes_never_reset_what_wrong_answers_used_up() {
    let mut scene = Scene::new();
    let mut compared_on_day = [0_u32; 30];
    for minute in 0..30 * 24 * 60 {
        let now = at(minute * 60);
        let Ok(mut challenge) = scene.try_open(now) else {
            continue;
        };
        while let Verdict::Wrong { .. } = scene.wrong(&mut challenge, now) {
            compared_on_day[usize::try_from(minute / (24 * 60)).unwrap()] += 1;
        }
    }

    assert_eq!(compared_on_day[0], 10);
    assert_eq!(compared_on_day.iter().sum::<u32>(), 30);
}

#[test]
fn a_number_whose_budget_is_used_up_is_not_compared() {
    let mut scene = Scene::new();
    scene.rules.number.wrong_answers = "2/1h".parse().unwrap();
    let mut challenge = scene.open(at(0));
    scene.wrong(&mut challenge, at(1));
    scene.wrong(&mut challenge, at(2));

    let verdict = scene.right(&mut challenge, at(3));

    let until = at(1).plus(60 * MINUTE);
    assert_eq!(
        verdict,
        Verdict::Wait(Wait {
            rule: WaitRule::WrongAnswers,
            until
        })
    );
    assert_eq!(challenge.state, ChallengeState::Open);
    assert!(scene.try_open(at(40)).is_err());
}

#[test]
fn a_login_forgives_the_wrong_answers_of_its_own_challenge() {
    let mut scene = Scene::new();
    scene.rules.number.wrong_answers = "3/1h".parse().unwrap();
    for round in 0..5 {
        let start = round * 600;
        let mut challenge = scene.open(at(start));
        scene.wrong(&mut challenge, at(start + 1));
        scene.wrong(&mut challenge, at(start + 2));
        assert!(
            is_right(&scene.right(&mut challenge, at(start + 3))),
            "round {round}"
        );
    }
}

#[test]
fn limits_that_are_off_refuse_nothing_but_the_challenges_rules_hold() {
    let mut scene = Scene::new();
    scene.rules.number.enforcement = Enforcement::Off;
    for _ in 0..50 {
        let mut challenge = scene.open(at(0));
        for left in (0..3).rev() {
            assert_eq!(scene.wrong(&mut challenge, at(0)), Verdict::Wrong { left });
        }
        assert_eq!(scene.right(&mut challenge, at(0)), Verdict::Dead);
    }
}

proptest! {
    /// However creates, wrong and right answers follow each other, a standing stays small, reads
    /// back as itself, and no challenge is right twice.
    #[test]
    fn any_history_keeps_the_invariants(events in proptest::collection::vec((0_u8..4, 0_u64..400), 1..120)) {
        let mut scene = Scene::new();
        let mut now = 0;
        let mut challenges: Vec<Challenge> = Vec::new();
        let mut right = std::collections::HashSet::new();
        for (kind, gap) in events {
            now += gap;
            match (kind, challenges.pop()) {
                (0, last) => {
                    challenges.extend(last);
                    challenges.extend(scene.try_open(at(now)).ok());
                }
                (1, Some(mut challenge)) => {
                    if is_right(&scene.right(&mut challenge, at(now))) {
                        prop_assert!(right.insert(challenge.id));
                    }
                    challenges.push(challenge);
                }
                (_, Some(mut challenge)) => {
                    scene.wrong(&mut challenge, at(now));
                    prop_assert!(challenge.wrong_answers <= 3);
                    challenges.push(challenge);
                }
                (_, None) => {}
            }
            let bytes = scene.standing.encode();
            prop_assert!(bytes.len() < 600, "{} bytes", bytes.len());
            prop_assert_eq!(&Standing::decode(&bytes).unwrap(), &scene.standing);
        }
    }
}

#[test]
fn a_challenge_whose_secret_is_gone_is_dead_and_costs_its_number_nothing() {
    let mut scene = Scene::new();
    let mut challenge = scene.open(at(0));
    challenge.key_version = KeyVersion(0);
    let standing = scene.standing.clone();
    let answer = scene.answer(Code::parse("12345").unwrap());

    let verdict = judge(
        &answer,
        &mut challenge,
        &mut scene.standing,
        &scene.rules,
        at(1),
    );

    assert_eq!(verdict, Verdict::Dead);
    assert_eq!((challenge.wrong_answers, &scene.standing), (0, &standing));
}
