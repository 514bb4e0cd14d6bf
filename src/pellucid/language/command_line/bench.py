"""What `pellucid bench` says while it measures, and what its report says."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "bench.busy": Entry(
        "Other programs are running (load {load:.1f}): times mean little.",
        "다른 프로그램이 실행 중이어서(부하 {load:.1f}) 잰 시간을 믿기 어렵습니다.",
    ),
    "bench.machine": Entry("the machine", "이 기계의 성능"),
    "bench.training_step": Entry("training step", "학습 단계"),
    "bench.inference": Entry("inference", "추론"),
    "bench.layers_of_model": Entry("layers of {model}", "{model}의 층"),
    "bench.task": Entry("{task} of {case}", "{task}, {case}"),
    "bench.starts": Entry("{task}: {peer} starts", "{task}: {peer} 시작"),
    "bench.round": Entry(
        "{task}, round {number} of {rounds}: {peer}", "{task}, {rounds}차례 중 {number}번째: {peer}"
    ),
    "bench.beside": Entry("{peer} {ms:.2f} ms, ratio {ratio}", "{peer} {ms:.2f} ms, 비율 {ratio}"),
    "bench.other_count": Entry(
        "disagrees: {theirs} numbers for {ours}", "결과가 다름: 수 {theirs}개, Pellucid는 {ours}개"
    ),
    "bench.difference": Entry(
        "disagrees: relative difference {error:.1e}", "결과가 다름: 상대 오차 {error:.1e}"
    ),
    "bench.failed": Entry("failed: {words}", "실패: {words}"),
    "bench.ended_by_signal": Entry(
        "the process ended with signal {number}", "프로세스가 신호 {number}번으로 끝났습니다"
    ),
    "bench.ended_with_code": Entry(
        "the process ended with exit code {number}", "프로세스가 종료 코드 {number}번으로 끝났습니다"
    ),
    "bench.only": Entry("only does {tasks}", "할 수 있는 일: {tasks}"),
    "bench.smallest_batch": Entry("needs a batch of at least {size}", "배치 크기가 {size} 이상이어야 함"),
    "bench.missing": Entry("missing: pip install {packages}", "없음: pip install {packages}"),
}

REPORT: Area = {
    "report.benchmark": Entry("Benchmark", "속도 비교"),
    "report.conditions": Entry(
        "{processor}, {cores} cores, {memory} GB; {system}; {versions}. {threads} threads, float32, flush-to-zero, "
        "rounds: {rounds}. Measured peak {peak:.0f} GFLOP/s, copy {copy:.0f} GB/s (read and written). "
        "Load at the beginning {load}.",
        "{processor}, 코어 {cores}개, {memory} GB; {system}; {versions}; 스레드 {threads}개, float32, flush-to-zero, "
        "{rounds}차례; 측정한 최고 성능 {peak:.0f} GFLOP/s, 복사 {copy:.0f} GB/s(읽기와 쓰기의 합); "
        "시작할 때의 부하 {load}",
    ),
    "report.with_sgd": Entry("{task}, SGD with momentum 0.9", "{task}, 모멘텀 0.9인 SGD"),
    "report.overview": Entry("{title}: overview", "{title}: 요약"),
    "report.case": Entry("case", "대상"),
    "report.best": Entry("best of the others", "가장 빠른 다른 엔진"),
    "report.its_ms": Entry("its ms", "그 엔진 ms"),
    "report.ratio": Entry("ratio", "비율"),
    "report.engine": Entry("engine", "엔진"),
    "report.range": Entry("min–max", "최소–최대"),
    "report.growth": Entry("growth MB", "증가 MB"),
    "report.import": Entry("import s", "임포트 초"),
    "report.start": Entry("start s", "시작 초"),
    "report.cold_start": Entry("cold start s", "첫 시작 초"),
    "report.against": Entry(
        "ratio: the other's time over Pellucid's, round by round: median (lowest–highest); above 1 Pellucid is faster. "
        "GFLOP/s are direct-equivalent: the operations of the plain sums of products over the time, "
        "however an engine computes them. growth: peak memory from the first call on above what the imports took. "
        "start: import to the first result; cold start: with no compiled code kept from earlier.",
        "비율: 다른 엔진의 시간을 Pellucid의 시간으로 나눈 값이며, 차례마다 구하여 중앙값(최솟값–최댓값)을 적습니다. "
        "1보다 크면 Pellucid가 빠릅니다. GFLOP/s는 엔진의 계산 방법과 관계없이, 곱의 합을 그대로 계산할 때의 연산 수를 "
        "시간으로 나눈 값입니다. 증가: 첫 호출부터 잰 최대 메모리에서 임포트가 쓴 것을 뺀 값입니다. "
        "시작: 임포트부터 첫 결과까지의 시간입니다. 첫 시작: 전에 컴파일해 둔 코드가 없을 때의 시간입니다.",
    ),
    "report.layers": Entry(
        "Layers of {case}: {launches} launches, {ms:.2f} ms, {share:.0%} in layers",
        "{case}의 층: 실행 {launches}회, {ms:.2f} ms, 그중 층이 {share:.0%}",
    ),
    "report.layer": Entry("layer", "층"),
    "report.forward": Entry("forward", "순전파"),
    "report.grad_input": Entry("input gradient", "입력 기울기"),
    "report.grad_weight": Entry("weight gradient", "가중치 기울기"),
    "report.backward": Entry("both gradients, update", "두 기울기와 갱신"),
    "report.layers_note": Entry(
        "Share of the peak of fused multiply–adds, direct-equivalent (time). An input gradient includes the mask of "
        "the ReLU before it, every time the transforms and copies that its sum needs.",
        "곱의 합을 그대로 계산한다고 보고, 곱셈과 덧셈을 합친 명령(FMA)의 최고 성능에 대한 비율을 적습니다. 괄호 안은 "
        "걸린 시간입니다. 입력 기울기에는 앞에 있는 ReLU의 마스크가, 모든 시간에는 그 합에 필요한 변환과 복사가 들어 "
        "있습니다.",
    ),
    "report.loops": Entry("Other loops of {case}", "{case}의 다른 반복문"),
    "report.kernel": Entry("kernel", "커널"),
    "report.launches": Entry("launches", "실행 횟수"),
    "report.share": Entry("% of step", "단계 중 %"),
    "report.loops_note": Entry(
        "GB/s: bytes of all blocks that a launch names, each once.",
        "GB/s: 한 번 실행할 때 쓰는 모든 블록의 바이트를 한 번씩 센 값입니다.",
    ),
}
