"""Spellings that mostly mean something else than an idol, so that they need context."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = _words(
    """
    destiny
    ace act ain all amber april aria aurora autumn baby bae beast bell bella belle best big
    bigstar black blade bloom blue bomb box boyfriend boys brave bright bullet calla can
    cherry chocolate chuu classy clear cloud coco code cosmic crown crush daisy dana dash dawn
    day dear dia diamond dino do dream east echo edge eight eleven ella empire energetic
    episode eve ever evolution extra exy faith fame favorite fiesta final flame flavor flower
    fly forever free fresh friend future gain game gate genie giant girl girls glam glow go
    gold good got green gun halo hash hashtag haze heart hero hi high highlight highschool
    hint history hit holiday honey hope hub hugo hunter i ice idol in infinite innocent it ivy
    jade jay jewel jewelry joy june jury key khan kid kidd king kiss kissing kissme lady last
    lay le leader leo lex lia light lily lime limitless lion love lucky luna luv madtown
    magenta magic mark mask max may mean melody memories mercury mill mimi min mina mini mint
    miracle mirror mix momo monday moon mystic n name nana nature new nine noah noir nova now
    ocean on one online orange pearl pentagon phantom pink playback poet pop prince purple q
    queen rain rainbow red ren ride rise rocket rocky romeo rose ruby run rush sally san sandy
    saturday sea season secret see seed semi seven seventeen shadow she shine show signal sky
    snow solar solo song soul south spectrum speed spring star stella story suga sugar sun
    sunday sunny sunshine supernova swan sweet tag target teen ten the thegrace they three
    thunder time too top topsecret toy treasure trend trinity triple true turbo twice twilight
    two u unicorn unique unity up us v venus via victory villain vine violet vip voice wave
    way we wendy west white wild will win wind wing wings winner winter wish wolf wonder wow
    yeah year yellow yes you young youth zero zone
    """
)

WESTERN_NAMES = _words(
    """
    aaron aisha alex alice allen amelie andy angel angela anna anne anthony ashley bambi ben
    bianca bobby brian cathy charlie chris christian christine cindy claire clara cory damon
    daniel danny david della diana dita dorothy dylan edward elena eli elly emily emma eric
    erica eugene evan felix gabriel giselle grace hanna hannah harry harvey helena henny henry
    isaac jack jackie jackson jacob james jamie jane jasmine jason jerome jerry jessi jessica
    jisung jocelyn joe joel joey john johnny joseph joshua julia julie justin karen kate kelly
    ken kenny kenta kevin kris kriss kyle lea lena leon linda lisa liv liz lizzy lois lou
    louis lucas lucy luke marco maria marie martin maya mia michelle mike milo minnie monica
    nancy natty nicholas nicole nina olivia oscar owen patrick paul peter rachel raina rei rex
    ricky rio roa robin ron roy ryan sally sam samuel sara sarah serena seth shannon sharon
    simon sofia sonia sophia stella stephanie steve steven sunny sylvia teddy terry theo
    thomas tia tiffany tim tina tom tony tyler vanessa vernon vicky victor victoria vivi
    vivian wendy william yan yuri zack zoe
    """
)

KOREAN = _words(
    """
    이소 단발머리 가린 이도
    가을 가인 강인 건 겨울 경리 경호 고원 고은 공유 광희 구름 그레이 기원 나경 나나 나라 나래
    나무 나연 나영 나은 나인 난다 남주 내일 느와르 다나 다니 다름 다솜 다예 다은 다정 다현
    단아 달 대성 대왕 데이지 도시 도영 동명 동원 라임 러브 레드 레이 루나 리더 리아 마스크
    마음 마크 말 메이 모모 모아 모카 무한 문희 미나 미래 미소 미야 미주 믹스 민 민주 민지 바다
    바로 바보 별 보나 보니 보라 보물 보아 봄 뷔 비 비너스 비아 비주 빅 빅뱅이론 빨강 사나 사랑
    사이 산 상도 상호 새벽 샤넬 서경 서현 선 선물 설 설아 성공 성소 성우 세븐 세이 소나무 소라
    소리 소망 소미 소원 소유 소율 소이 손 솔 송 송이 수민 수빈 수아 수영 수지 슈가 스타
    스펙트럼 승리 시간 시안 시원 시크릿 신 신동 신비 신화 써니 아라 아리 아사 아이 아이디
    아이스 아이콘 안다 야노 어린 엄지 에이스 엔 엘 여름 여리 여자친구 연우 연주 연하 영웅 영재
    예나 예리 예원 오로라 온 온다 온유 와우 와이 요정 우기 우리 우성 우수 우아 우연 우정 우주
    우진 워너비 원한 원호 위너 유 유권 유나 유나이트 유니티 유라 유리 유민 유아 유이 유지 유진
    유키 유하 윤 은 은하 이런 이서 이솔 이유 이정 이준 이지 인성 있지 자유 전설 정국 정모 정상
    정신 정아 정연 정우 정원 제로 제리 제이 조아 조이 조현 종현 주 주니 주연 준 지구 지금 지나
    지니 지민 지성 지수 지아 지안 지연 지오 지우 지원 지유 지인 지호 지효 진 진솔 진실 진영
    진우 진주 찬 찬미 찬성 채연 천지 첫사랑 체리 초아 추억 츄 치사 카라 카이 케빈 케이 코리
    크리스 크리스탈 키 키드 탑 태양 텐 토끼 티나 티아 페이 편지 평화 하나 하늘 하니 하라 하루
    하린 하은 하이 하이라이트 하정 한 한결 한국 한나 한동 한별 핫이슈 해린 해시태그 해인 행복
    허니 현재 현주 혜성 환희 활 훈 휘 희망 희진
    """
)

FUNCTION_WORDS = _words(
    """
    a all am an and any as at be but by can do for go got had has have he her hi his i if in
    is it its j just k l lay le let like may me mean my n new no not now of on one or our out
    q see she so ten that the they this time to two u up us v via was way we what when who why
    will win with y yeah yes you your
    """
)
"""English words that are names only when written with a capital letter."""

CLEAR_ACRONYMS = _words("bts exo nct aoa knk skz")
"""Groups of three letters that mean hardly anything else."""
