/* Stands for the program where a check needs one that would not close. `--quit` ends with 1 as long as the file
   C:\busy is there, else with 0 after it told the running one; without arguments it runs until it is told. */
#include <windows.h>

int WINAPI wWinMain(HINSTANCE self, HINSTANCE none, PWSTR arguments, int show)
{
    HANDLE told = CreateEventW(NULL, TRUE, FALSE, L"stand-in");
    (void)self, (void)none, (void)show;
    if (wcsstr(arguments, L"--quit")) {
        if (GetFileAttributesW(L"C:\\busy") != INVALID_FILE_ATTRIBUTES)
            return 1;
        SetEvent(told);
        return 0;
    }
    WaitForSingleObject(told, INFINITE);
    return 0;
}
