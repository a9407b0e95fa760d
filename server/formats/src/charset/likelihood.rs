//! Whether text in two bytes a character is Korean (CP949) or Chinese (GBK): nearly all pairs of bytes are a character in
//! both, so it is told by how often that character stands in running text. A few hundred characters make up nine tenths of
//! Korean and three quarters of Chinese, and those of the one are rare ones in the other.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use encoding_rs::{EUC_KR, Encoding, GBK};

/// The pairs that are looked at: far more than tell it.
const MAX_PAIRS: usize = 4096;
/// The most that a single pair tells, in natural logarithms: a name or a loanword is no evidence of its own.
const MOST_OF_A_PAIR: f64 = 5.0;

/// What the pairs of a text tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likelihood {
    /// How much likelier the text is as Korean than as Chinese, as a natural logarithm; negative where Chinese is likelier.
    pub(super) korean: f64,
    /// How many pairs are a letter in at least one of the two.
    pub(super) letters: usize,
}

/// What the pairs of some bytes tell.
pub(super) fn likelihood(bytes: &[u8]) -> Likelihood {
    let mut told = Likelihood { korean: 0.0, letters: 0 };
    for pair in pairs(bytes).take(MAX_PAIRS) {
        match pair {
            // The comma and the full stop of Chinese, and its pause; Korean has those of ASCII.
            [0xA3, 0xAC] | [0xA1, 0xA2 | 0xA3] => told.korean -= MOST_OF_A_PAIR - 1.0,
            [0xA1..=0xAF, 0xA1..=0xFF] => {}
            pair => {
                let difference = KOREAN.share(pair).ln() - CHINESE.share(pair).ln();
                told.korean += difference.clamp(-MOST_OF_A_PAIR, MOST_OF_A_PAIR);
                told.letters += 1;
            }
        }
    }
    told
}

/// How many different pairs are a frequent syllable of Korean, and how many different ones there are.
pub(super) fn frequent_syllables(bytes: &[u8]) -> (usize, usize) {
    let different: HashSet<[u8; 2]> = pairs(bytes).take(MAX_PAIRS).collect();
    let frequent = different.iter().filter(|pair| KOREAN.frequent.contains_key(*pair)).count();
    (frequent, different.len())
}

/// How many syllables of Korean bytes are that are nothing else, and how many of these are frequent.
pub(super) fn syllables(bytes: &[u8]) -> Option<(usize, usize)> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let are_syllables = rest.is_empty() && pairs.iter().all(|pair| matches!(pair, [0xB0..=0xC8, 0xA1..=0xFE]));
    are_syllables.then(|| (pairs.len(), pairs.iter().filter(|pair| KOREAN.frequent.contains_key(*pair)).count()))
}

/// The characters of two bytes.
pub(super) fn pairs(mut bytes: &[u8]) -> impl Iterator<Item = [u8; 2]> {
    std::iter::from_fn(move || {
        while let [first, rest @ ..] = bytes {
            bytes = rest;
            if let (0x81..=0xFF, [second @ 0x41..=0xFF, rest @ ..]) = (*first, rest) {
                bytes = rest;
                return Some([*first, *second]);
            }
        }
        None
    })
}

/// Characters by how frequent they are, in tiers of that many.
const TIERS: [usize; 5] = [32, 32, 64, 128, 256];

/// How often the characters of a language stand in running text.
struct Language {
    /// The share of each frequent character.
    frequent: HashMap<[u8; 2], f64>,
    /// The share of each character that is none of those, by its bytes.
    rare: fn([u8; 2]) -> f64,
}

impl Language {
    fn new(
        encoding: &'static Encoding,
        characters: &[&str; TIERS.len()],
        shares: [f64; TIERS.len()],
        rare: fn([u8; 2]) -> f64,
    ) -> Self {
        let mut frequent = HashMap::new();
        for ((tier, share), count) in characters.iter().zip(shares).zip(TIERS) {
            for pair in pairs(&encoding.encode(tier).0) {
                frequent.insert(pair, share / count as f64);
            }
        }
        Self { frequent, rare }
    }

    fn share(&self, pair: [u8; 2]) -> f64 {
        self.frequent.get(&pair).copied().unwrap_or_else(|| (self.rare)(pair))
    }
}

/// The share of a pair that is no character.
const NONE: f64 = 1e-7;

/// Korean; the shares of the tiers were counted in word lists, those of the rest are roughly so in letters and reports: one
/// syllable in 30 is none of the frequent ones, one character in 50 is a Hanja, one in 200 a syllable that only CP949 has.
static KOREAN: LazyLock<Language> = LazyLock::new(|| {
    Language::new(EUC_KR, &HANGUL, [0.417, 0.154, 0.162, 0.145, 0.089], |pair| match pair {
        [0xB0..=0xC8, 0xA1..=0xFE] => 0.033 / (2350.0 - 512.0),
        [0xCA..=0xFD, 0xA1..=0xFE] => 0.02 / 4888.0,
        [0x81..=0xC6, _] => 0.005 / 8822.0,
        _ => NONE,
    })
});

/// Chinese in simplified characters: the first level of GB 2312, its second, and what only GBK has.
static CHINESE: LazyLock<Language> = LazyLock::new(|| {
    Language::new(GBK, &HAN, [0.219, 0.092, 0.125, 0.155, 0.167], |pair| match pair {
        [0xB0..=0xD7, 0xA1..=0xFE] => 0.17 / (3755.0 - 512.0),
        [0xD8..=0xF7, 0xA1..=0xFE] => 0.02 / 3008.0,
        [0x81..=0xA0 | 0xAA..=0xFD, _] => 0.003 / 14_000.0,
        _ => NONE,
    })
});

/// The most frequent syllables of Korean, each tier in the order of the alphabet.
#[rustfmt::skip]
const HANGUL: [&str; TIERS.len()] = [
    "가고그기나는니다도로를리사서수시아어에으은을의이인일있자지하한해",
    "거게과구대데되드들라만면보부상생성스안여요용장전정제주크트플할했",
    "간같개것경계공관국까내네당동된디때러레릿마말먼명모무문미버분비선세소습신실않야업없었오와우운원월위유음입작저적조\
     중진치카터파행화",
    "각감강건걸겠격결교군근금난날남너년노능님단달더던두든등따또람랑래런려력록롤료루르른름많매며못물민바반받발방배번법\
     변본불산살새설셋션속식심알았애약양언역연열였영예울워임잘재점존종좋준증직집차참처천청체초최추출컨케코키타태테토통\
     티포표프피필학함합현형호확회후히",
    "갈갑값갔갖검겨견곡골곳광굴권귀규극글급긴길김깨꺼께끝끼났냐냥널넘넷녀념녕놀농높놓누눈뉴느늘닌담답독돈돌돼됐될둘뒤\
     득듯딩떠떤떨떻뜻락란랜램량럼럽렇렉련렸령례론류륨릭린릴림립링막맛망맞맨머먹메몇목몰몸뭐밀및박밖밤백벌범베벤별병복\
     볼봐봤북붙브블빌빠빨뿐삼색석센셀셔셨손송순술숨쉬슨슬슷승싫십싶싸써쓰씨악암앞얘억얻얼엄엔온올완왔왕왜외움웃육율응\
     읽잖잠잡쟁절접젝져졌족좀죄죠죽줄줘즈즉질징짜째쪽찍착찬찰창찾채책철첫쳐총축충취츠측친침캐커켜콘쿠큰클큼탁탄탈택텐\
     템투특틀팀판팔패퍼페편평폭풀품항향허험혀협혹혼홈홍환활황획효희힘",
];

/// The most frequent characters of Chinese, each tier in the order of Unicode.
#[rustfmt::skip]
const HAN: [&str; TIERS.len()] = [
    "一上不个中为了人他以们会出到和国在地大对就年我时是有来生的要说这",
    "下与主么之也于作你分发可后多天子学家得成方日民法用经能自行过道都",
    "三业事些产从代但体全公关其内前力动区去只同员因外好如定实小工市开当心所政文新最月本机没然现理看着种等者而表起还进\
     那部里重长间面高",
    "万世东两二什任位使保信做元入共军利别制加务化北十南原又及受变口司各合名向吗品回场城处头女她安将少展山己已常平并应\
     度建很性总情想意或战手把报提教数斯无明更期权果样次正此比水治活海点物特由电目相真知社科立第系级结给统网美老被西见\
     解计让设话该资路身通量金门问院题",
    "专且举义乐书争五亚交京亲今件价企众传住何便候值像儿先光克党兵具再农决况准几划列则创办功包华单即却历县参反取古叫台\
     史号吃吧听告周命响商器四团图土型基境增士声备复太失始委字它完官容导尔局属州布师带干广府式引张强形影往律德必快怎思\
     息感才打技投护拉持指据接推支收改放整料族服望未术条极构林查标校根格案步武死段每气求汉江河流济消深清游湖源火照爱片\
     王球界白百直省眼石研确示神离称程究空站算管米类精约纪线组织续群考职联育至色节花英装观规视觉言认议记许论证识语请调\
     象质费走越车转较边达运近远连选造钱队阳际除难集需非革项领风首马黄",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tier_has_as_many_characters_as_it_says_and_none_twice() {
        for (tiers, encoding) in [(&HANGUL, EUC_KR), (&HAN, GBK)] {
            let counts: Vec<usize> = tiers.iter().map(|tier| tier.chars().count()).collect();
            assert_eq!(counts, TIERS);
            let all = tiers.concat();
            assert!(!encoding.encode(&all).2, "a character that {encoding:?} lacks");
            assert_eq!(Language::new(encoding, tiers, [1.0; TIERS.len()], |_| NONE).frequent.len(), 512);
        }
    }

    #[test]
    fn pairs_are_found_between_bytes_of_ascii() {
        let found: Vec<[u8; 2]> = pairs(b"a\xB0\xA1,\xB0 \xC8A\xFE").collect();
        assert_eq!(found, [[0xB0, 0xA1], [0xC8, b'A']]);
    }
}
