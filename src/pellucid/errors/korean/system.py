"""What the operating system says of files, which errors of ours quote."""

SENTENCES = {
    "Operation not permitted": "허용되지 않은 동작",
    "No such file or directory": "그런 파일이나 폴더가 없음",
    "Input/output error": "입출력 오류",
    "Permission denied": "권한 없음",
    "Device or resource busy": "장치나 자원을 사용 중",
    "File exists": "파일이 이미 있음",
    "Not a directory": "폴더가 아님",
    "Is a directory": "폴더임",
    "Too many open files": "열린 파일이 너무 많음",
    "Text file busy": "실행 중인 파일",
    "File too large": "파일이 너무 큼",
    "No space left on device": "장치에 남은 공간이 없음",
    "Read-only file system": "읽기 전용 파일 시스템",
    "File name too long": "파일 이름이 너무 김",
    "Too many levels of symbolic links": "심볼릭 링크가 너무 여러 단계로 이어짐",
    "Disk quota exceeded": "디스크 할당량을 넘음",
}
