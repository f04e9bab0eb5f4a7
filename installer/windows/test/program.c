/* Stands for the program where a check needs one that does not close. Without arguments it makes the file C:\running and runs
   until it is told. `--quit` tells it and ends with 0; as long as the file C:\busy is there it ends with 1, as in the middle of
   something, and with C:\other it ends with 0 and tells nobody, as when the one that runs is another person's. */
#include <windows.h>

int WINAPI wWinMain(HINSTANCE self, HINSTANCE none, PWSTR arguments, int show)
{
    HANDLE told = CreateEventW(NULL, TRUE, FALSE, L"stand-in");
    (void)self, (void)none, (void)show;
    if (wcsstr(arguments, L"--quit")) {
        if (GetFileAttributesW(L"C:\\busy") != INVALID_FILE_ATTRIBUTES)
            return 1;
        if (GetFileAttributesW(L"C:\\other") == INVALID_FILE_ATTRIBUTES)
            SetEvent(told);
        return 0;
    }
    CloseHandle(CreateFileW(L"C:\\running", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    WaitForSingleObject(told, INFINITE);
    return 0;
}
