/* For tests under Wine 8, which lacks this library of Windows 10; never in the setup. Random bytes as advapi32 gives them. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(void *bytes, ULONG count); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *bytes, SIZE_T count)
{
    const ULONG most = 1u << 30;
    for (; count > most; bytes += most, count -= most)
        if (!SystemFunction036(bytes, most))
            return FALSE;
    return SystemFunction036(bytes, (ULONG)count);
}
